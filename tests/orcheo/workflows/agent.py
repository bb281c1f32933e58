# SPDX-License-Identifier: MIT
"""Evaluation workflow around a real AgentNode, one case per run.

Inputs: message (the user's turn), expected. Candidate parameters come as in
evaluation.py; model and base_url stand in the stored config, so that the model
can be any OpenAI-compatible endpoint (fixtures/openai_stub.py in tests).
"""
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from orcheo.graph.state import State
from orcheo.nodes.ai import AgentNode, AgentReplyExtractorNode
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


class CollectNode(TaskNode):
    """Puts the reply and the expected answer where metric nodes look."""

    reply: str = ""

    async def run(self, state: State, config: RunnableConfig) -> dict[str, Any]:
        inputs = state["inputs"]
        inputs["predictions"] = [self.reply]
        inputs["references"] = [str(inputs.get("expected", ""))]
        return {"reply": self.reply}


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
        AgentNode(
            name="answer",
            ai_model="{{tuned.model}}",
            system_prompt="{{tuned.system_prompt}}",
            model_kwargs={
                "base_url": "{{tuned.base_url}}",
                "api_key": "test-key",
                "temperature": "{{tuned.temperature}}",
            },
        ),
    )
    graph.add_node("reply", AgentReplyExtractorNode(name="reply"))
    graph.add_node(
        "collect", CollectNode(name="collect", reply="{{reply.agent_reply}}")
    )
    graph.add_node("score", TokenF1MetricsNode(name="score"))
    graph.add_edge(START, "tuned")
    graph.add_edge("tuned", "answer")
    graph.add_edge("answer", "reply")
    graph.add_edge("reply", "collect")
    graph.add_edge("collect", "score")
    graph.add_edge("score", END)
    return graph
