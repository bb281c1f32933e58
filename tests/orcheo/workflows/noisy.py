# SPDX-License-Identifier: MIT
"""Noisy evaluation workflow: five parameters of several kinds, a score per case
that depends on all of them, and noise that only looks random.

With d = hash01("difficulty|" case), and u = hash01 of the case, the parameters
and inputs.seed:

    score = 0.95 - 0.3 d
          - 0.8 (temperature - (0.25 + 0.3 d))^2
          - 0.6 (top_p - 0.85)^2
          - 0.02 |log2(max(1, top_k) / 32)|
          - {steps 0, bullets 0.03, plain 0.06, else 0.1}[style]
          - (0.1 unless "brief" is in the prompt)
          + noise (2 u - 1)                                 cut to [0, 1]

Over many cases the best is temperature 0.4, top_p 0.85, top_k 32, steps and
"brief", near 0.79; noise is 0.05 where it is not given. Equal parameters give
equal scores; another inputs.seed draws another noise.

The parameters may stand in the node `answer` or in the node `retrieve`, which
has the last word: one node with five of them, or a joint space over two nodes.
"""
import math
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from orcheo.graph.state import State
from orcheo.nodes.base import TaskNode


def hash01(text: str) -> float:
    """FNV-1a over the bytes, then a finaliser, in [0, 1)."""
    mask = (1 << 64) - 1
    h = 0xCBF29CE484222325
    for byte in text.encode("utf-8"):
        h = ((h ^ byte) * 0x100000001B3) & mask
    h ^= h >> 33
    h = (h * 0xFF51AFD7ED558CCD) & mask
    h ^= h >> 33
    return (h >> 11) * 2.0**-53


def quality(values: dict[str, Any], seed: str, case: str) -> float:
    """The score of one case."""
    temperature = float(values.get("temperature", 1.0))
    top_p = float(values.get("top_p", 1.0))
    top_k = float(values.get("top_k", 256))
    noise = float(values.get("noise", 0.05))
    style = str(values.get("style", "plain"))
    prompt = str(values.get("system_prompt", ""))
    d = hash01(f"difficulty|{case}")
    u = hash01(
        f"noise|{case}|{temperature:.6f}|{top_p:.6f}|{top_k:.6f}"
        f"|{style}|{prompt}|{seed}"
    )
    t = temperature - (0.25 + 0.3 * d)
    q = top_p - 0.85
    score = 0.95 - 0.3 * d
    score = score - 0.8 * (t * t)
    score = score - 0.6 * (q * q)
    score = score - 0.02 * abs(math.log2(max(1.0, top_k) / 32.0))
    score = score - {"steps": 0.0, "bullets": 0.03, "plain": 0.06}.get(style, 0.1)
    score = score - (0.0 if "brief" in prompt else 0.1)
    score = score + noise * (2.0 * u - 1.0)
    return min(1.0, max(0.0, score))


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


class NoisyModelNode(TaskNode):
    """Reports the parameters that it was called with."""

    answer: Any = None
    retrieve: Any = None

    async def run(self, state: State, config: RunnableConfig) -> dict[str, Any]:
        v = {**self.answer, **self.retrieve}
        return {
            "temperature": float(v.get("temperature", 1.0)),
            "top_p": float(v.get("top_p", 1.0)),
            "top_k": float(v.get("top_k", 256)),
            "style": str(v.get("style", "plain")),
            "system_prompt": str(v.get("system_prompt", "")),
        }


class QualityNode(TaskNode):
    """Shaped as Orcheo's own metric nodes are."""

    answer: Any = None
    retrieve: Any = None

    async def run(self, state: State, config: RunnableConfig) -> dict[str, Any]:
        inputs = state["inputs"]
        values = {**self.answer, **self.retrieve}
        seed = str(inputs.get("seed", "0"))
        items = [
            quality(values, seed, str(case["expected"]))
            for case in inputs.get("cases") or []
        ]
        mean = sum(items) / len(items) if items else 0.0
        return {"metric_name": "quality", "corpus_score": mean, "per_item": items}


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
        "tuned_retrieve",
        ParametersNode(
            name="tuned_retrieve",
            node="retrieve",
            stored="{{config.configurable.retrieve}}",
        ),
    )
    graph.add_node(
        "answer",
        NoisyModelNode(
            name="answer", answer="{{tuned}}", retrieve="{{tuned_retrieve}}"
        ),
    )
    graph.add_node(
        "score",
        QualityNode(
            name="score", answer="{{tuned}}", retrieve="{{tuned_retrieve}}"
        ),
    )
    graph.add_edge(START, "tuned")
    graph.add_edge("tuned", "tuned_retrieve")
    graph.add_edge("tuned_retrieve", "answer")
    graph.add_edge("answer", "score")
    graph.add_edge("score", END)
    return graph
