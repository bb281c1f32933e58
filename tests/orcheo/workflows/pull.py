# SPDX-License-Identifier: MIT
"""Production workflow of the demo, delivery by pull: each run asks trimtab for
the active parameters. Address and credential stand in the stored config
(configurable.trimtab.url and .authorization), so the script names neither.
"""
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from orcheo.graph.state import State
from orcheo.nodes.base import TaskNode
from orcheo.nodes.data import HttpRequestNode


class AnswerNode(TaskNode):
    """Reports its parameters and the version that they came from."""

    system_prompt: str = ""
    temperature: Any = 1.0
    version: Any = None

    async def run(self, state: State, config: RunnableConfig) -> dict[str, Any]:
        return {
            "version": self.version,
            "received": {
                "system_prompt": self.system_prompt,
                "temperature": self.temperature,
            },
        }


def orcheo_workflow() -> StateGraph:
    graph = StateGraph(State)
    graph.add_node(
        "tuned",
        HttpRequestNode(
            name="tuned",
            url="{{config.configurable.trimtab.url}}",
            headers={
                "Authorization": "{{config.configurable.trimtab.authorization}}"
            },
            timeout=5.0,
            raise_for_status=True,
        ),
    )
    graph.add_node(
        "answer",
        AnswerNode(
            name="answer",
            system_prompt="{{tuned.json.parameters.system_prompt}}",
            temperature="{{tuned.json.parameters.temperature}}",
            version="{{tuned.json.version}}",
        ),
    )
    graph.add_edge(START, "tuned")
    graph.add_edge("tuned", "answer")
    graph.add_edge("answer", END)
    return graph
