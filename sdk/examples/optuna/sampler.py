# SPDX-License-Identifier: MIT
"""Optuna's samplers as a Trimtab strategy: ask, tell, and nothing kept.

A sampler is seeded and sees the same asks and tells in the same order when the
log of a run is fed to it again, so a restart and a replay draw the same."""
from trimtab_exec import (Error, evaluate, fit, minimizing, settle, strategy)


def load():
    try:
        import optuna
    except ImportError as e:
        raise Error("unsupported", "Optuna is not installed for this python3 "
                    "(%s): make a venv, `pip install optuna cmaes scipy` in "
                    "it, and name its python in exec.command of plugin.json"
                    % e)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def distribution(optuna, p):
    d = optuna.distributions
    if p["kind"] == "float":
        return d.FloatDistribution(p["lo"], p["hi"], log=p["log"])
    if p["kind"] == "int":
        step = 1 if p["log"] else max(1, int(p["step"]))
        hi = int(p["hi"]) - (int(p["hi"]) - int(p["lo"])) % step
        return d.IntDistribution(int(p["lo"]), hi, log=p["log"], step=step)
    if p["kind"] == "ordinal":
        return d.IntDistribution(0, len(p["choices"]) - 1)
    return d.CategoricalDistribution(
        [0, 1] if p["kind"] == "bool" else list(range(len(p["choices"]))))


def make_sampler(optuna, config, seed, running):
    seed %= 2**31
    if config["sampler"] == "cma":
        return optuna.samplers.CmaEsSampler(
            seed=seed, n_startup_trials=config["startup"],
            independent_sampler=optuna.samplers.RandomSampler(seed=seed))
    return optuna.samplers.TPESampler(
        seed=seed, n_startup_trials=config["startup"], multivariate=True,
        constant_liar=running)


class Optuna:
    def __init__(self, problem, snapshot=None):
        self.optuna, self.space = load(), problem["space"]
        self.free = {p["name"]: distribution(self.optuna, p)
                     for p in self.space
                     if not p["fixed"] and p["kind"] != "text"}
        self.trials, self.foreign, self.ref = {}, {}, 0
        self.study = self.optuna.create_study(
            direction="minimize" if minimizing(problem) else "maximize",
            sampler=make_sampler(self.optuna, problem["config"],
                                 int(problem["seed"]),
                                 problem["max_in_flight"] > 1))

    def on_event(self, event):
        kind, ref = event["kind"], event.get("ref")
        if kind == "enqueued":
            values = event["candidate"]["values"]
            self.foreign[ref] = {
                p["name"]: v for p, v in zip(self.space, values)
                if p["name"] in self.free and v is not None}
        elif kind == "result" and ref in self.foreign:
            params = self.foreign.pop(ref)
            self.study.add_trial(self.optuna.trial.create_trial(
                params=params, value=event["objectives"][0],
                distributions={n: self.free[n] for n in params}))
        elif kind == "result" and ref in self.trials:
            self.study.tell(self.trials.pop(ref), event["objectives"][0])
        elif kind in ("failed", "cancelled") and ref in self.trials:
            self.study.tell(self.trials.pop(ref),
                            state=self.optuna.trial.TrialState.FAIL)

    def next(self, ask):
        actions = []
        for _ in range(ask["max"]):
            trial = self.study.ask(self.free)
            values = [trial.params.get(p["name"], p["default"])
                      for p in self.space]
            values = [fit(p, v) if "lo" in p and not p["fixed"] else v
                      for p, v in zip(self.space, values)]
            self.trials[self.ref] = trial
            actions.append(evaluate(self.ref, settle(self.space, values),
                                    origin=type(self.study.sampler).__name__))
            self.ref += 1
        return actions


strategy(Optuna)
