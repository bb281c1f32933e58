# SPDX-License-Identifier: MIT
"""A hill climber: some random points, then steps around the best one."""
from trimtab_exec import draw, evaluate, fit, minimizing, rng, settle, strategy


class Climb:
    def __init__(self, problem, snapshot=None):
        self.problem, self.space = problem, problem["space"]
        self.ref, self.points, self.best = 0, {}, None
        if snapshot:
            self.ref, self.best = snapshot["ref"], snapshot["best"]
            self.points = {int(k): v for k, v in snapshot["points"].items()}

    def snapshot(self):
        return {"ref": self.ref, "best": self.best,
                "points": {str(k): v for k, v in self.points.items()}}

    def on_event(self, event):
        if event["kind"] == "enqueued":
            return
        point = self.points.pop(event.get("ref"), None)
        if event["kind"] == "partial":
            self.points[event["ref"]] = point
        if event["kind"] != "result" or point is None:
            return
        score = event["objectives"][0]
        score = -score if minimizing(self.problem) else score
        if self.best is None or score > self.best[0]:
            self.best = [score, point]

    def move(self, param, value, r):
        if value is None or r.random() < 0.3 or "lo" not in param:
            return draw(param, r)
        if param["fixed"]:
            return param["default"]
        return fit(param, value + 0.1 * (param["hi"] - param["lo"])
                   * r.gauss(0, 1))

    def next(self, ask):
        actions = []
        for i in range(ask["max"]):
            r = rng(self.problem, ask["position"], i)
            if self.best is None or self.ref < 4:
                point = [draw(p, r) for p in self.space]
            else:
                point = [self.move(p, v, r)
                         for p, v in zip(self.space, self.best[1])]
            point = settle(self.space, point)
            self.points[self.ref] = point
            actions.append(evaluate(self.ref, point, origin="climb"))
            self.ref += 1
        return actions


strategy(Climb)
