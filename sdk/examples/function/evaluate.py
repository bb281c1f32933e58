# SPDX-License-Identifier: MIT
"""An adapter that is one function: score(parameters, case) for each case.

It answers at once, so that nothing is ever in flight: there is nothing to
collect, to find again or to give up."""
from trimtab_exec import adapter


def score(parameters, case):
    """Yours to write. Here: how near a temperature is to the expected one."""
    return 1.0 - abs(parameters.get("temperature", 0) / 2
                     - float(case.get("expected", 0.5)))


class Function:
    def __init__(self, setup):
        self.names = [p["name"].rpartition(".")[2] for p in setup["space"]]
        self.space = setup["space"]

    def parameters(self, candidate):
        """By name; a choice as its text, and what is inactive left out."""
        named = {}
        for name, p, v in zip(self.names, self.space, candidate["values"]):
            if v is not None:
                named[name] = p["choices"][int(v)] if "choices" in p else v
        return named

    def evaluate(self, evaluation):
        try:
            parameters = self.parameters(evaluation["candidate"])
            scores = [float(score(parameters, c["content"] or {}))
                      for c in evaluation["cases"]]
        except Exception as e:
            return {"id": evaluation["id"], "state": "error",
                    "message": "score: %s: %s" % (type(e).__name__, e)}
        mean = sum(scores) / len(scores) if scores else 0.0
        return {"id": evaluation["id"], "state": "succeeded",
                "outputs": {"node_results": {"score": {
                    "metric_name": "score", "corpus_score": mean,
                    "per_item": scores}}}}

    def submit(self, batch):
        return [self.evaluate(e) for e in batch["evaluations"]]

    def collect(self, handles):
        return [], 1000

    def find(self, label):
        return []

    def abandon(self, handle):
        pass


adapter(Function)
