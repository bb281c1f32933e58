# SPDX-License-Identifier: MIT
"""Production workflow of the demo, delivery by push: it reads nothing but its
stored config, has no branch for candidates, and reports what its node got.
"""
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from orcheo.graph.state import State
from orcheo.nodes.base import TaskNode


class AnswerNode(TaskNode):
    """Reports its parameters, as Orcheo filled them in."""

    system_prompt: str = ""
    temperature: Any = 1.0

    async def run(self, state: State, config: RunnableConfig) -> dict[str, Any]:
        return {
            "received": {
                "system_prompt": self.system_prompt,
                "temperature": self.temperature,
            }
        }


def orcheo_workflow() -> StateGraph:
    graph = StateGraph(State)
    graph.add_node(
        "answer",
        AnswerNode(
            name="answer",
            system_prompt="{{config.configurable.answer.system_prompt}}",
            temperature="{{config.configurable.answer.temperature}}",
        ),
    )
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    return graph
