# SPDX-License-Identifier: MIT
"""Evaluation workflow of the demo: parameters come with the run's inputs.

The node `tuned` takes inputs.trimtab.parameters.answer (a candidate under
evaluation) over the stored config (the promoted values), key by key, and says
in `source` which one it was. The node `answer` plays a model without being
one: it answers well near temperature 0.3 and with "brief" in its prompt, so
that the same candidate has the same score everywhere. Orcheo's own token F1
node gives the score.

Faults for tests, in the inputs: sleep (seconds), nan (true), boom (text).
"""
import asyncio
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from orcheo.graph.state import State
from orcheo.nodes.base import TaskNode
from orcheo.nodes.evaluation.metrics import TokenF1MetricsNode


class ParametersNode(TaskNode):
    """The candidate of this run where there is one, else what is stored."""

    node: str = "answer"
    stored: Any = None

    async def run(self, state: State, config: RunnableConfig) -> dict[str, Any]:
        values = dict(self.stored) if isinstance(self.stored, dict) else {}
        given = state["inputs"].get("trimtab") or {}
        candidate = (given.get("parameters") or {}).get(self.node) or {}
        values.update(candidate)
        values["source"] = "candidate" if candidate else "active"
        return values


class FakeModelNode(TaskNode):
    """Keeps the more words of the expected answer the better it is tuned."""

    system_prompt: str = ""
    temperature: Any = 1.0

    async def run(self, state: State, config: RunnableConfig) -> dict[str, Any]:
        inputs = state["inputs"]
        await asyncio.sleep(float(inputs.get("sleep", 0)))
        if inputs.get("boom"):
            raise ValueError(str(inputs["boom"]))
        off = min(1.0, abs(float(self.temperature) - 0.3))
        predictions = []
        references = []
        for case in inputs.get("cases") or []:
            words = str(case["expected"]).split()
            keep = int(max(0, round(len(words) * (1.0 - off))))
            if "brief" not in str(self.system_prompt):
                keep = int(keep / 2)
            predictions.append(" ".join(words[:keep]))
            references.append(str(case["expected"]))
        inputs["predictions"] = predictions
        inputs["references"] = references
        return {
            "predictions": predictions,
            "temperature": self.temperature,
            "system_prompt": self.system_prompt,
            "maybe_nan": float("nan") if inputs.get("nan") else 0.0,
        }


def orcheo_workflow() -> StateGraph:
    graph = StateGraph(State)
    graph.add_node(
        "tuned",
        ParametersNode(
            name="tuned",
            node="answer",
            stored="{{config.configurable.answer}}",
        ),
    )
    graph.add_node(
        "answer",
        FakeModelNode(
            name="answer",
            system_prompt="{{tuned.system_prompt}}",
            temperature="{{tuned.temperature}}",
        ),
    )
    graph.add_node("score", TokenF1MetricsNode(name="score"))
    graph.add_edge(START, "tuned")
    graph.add_edge("tuned", "answer")
    graph.add_edge("answer", "score")
    graph.add_edge("score", END)
    return graph
