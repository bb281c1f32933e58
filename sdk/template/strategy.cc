// SPDX-License-Identifier: MIT
//
// @NAME@ - a strategy that works as it stands: hill climbing with restarts.
// Replace class climb by your own idea; docs/plugin-guide.md shows how.
#include <trimtab/trimtab.hpp>

class climb : public tt::strategy {
public:
    explicit climb(tt_asktell &a)
        : tt::strategy(a),
          patience(tt_config_number(a.problem->config, "patience", 12))
    {
    }

    int ask(tt_proposal &p) override
    {
        p.origin = centre == nullptr ? "init" : "mutate";
        for (uint64_t i = 0; i < at.space->n_params; i++) {
            const tt_param *param = tt_space_param(at.space, i);
            double u = tt_random_unit(&p.random);

            if (!tt_param_searched(param))
                continue;
            if (centre != nullptr) {
                u = tt_param_to_unit(param, centre->values[i].number) +
                    radius * (2 * u - 1);
                u = u < 0 ? -u : u > 1 ? 2 - u : u; // reflected at the walls
            }
            p.values[i].number = tt_param_from_unit(param, u);
        }
        return 0;
    }

    void tell(const tt_trial &t) override
    {
        if (t.loss < best) { // false for failures: their loss is infinite
            best = t.loss;
            centre = &t;
            failures = 0;
        } else if (++failures > patience) {
            centre = nullptr;
            best = HUGE_VAL;
            radius = 0.5;
            failures = 0;
        } else if (radius > 0.02) {
            radius *= 0.8;
        }
    }

private:
    double patience;     // failures in a row until a restart
    double radius = 0.5; // of the unit cube's side
    double failures = 0;
    double best = HUGE_VAL;
    const tt_trial *centre = nullptr;
};
TT_STRATEGY_CLASS(climb_strategy, climb);

static const struct tt_plugin climb_plugin = {
    sizeof(struct tt_plugin), TT_ABI_MAJOR, TT_ABI_MINOR_WANTED,
    TT_KIND_STRATEGY, "@NAME@", "0.1.0", "@NAME@",
    "Hill climbing with restarts.", "@VENDOR@", "MIT", nullptr,
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"patience\":{\"type\":\"integer\",\"minimum\":1,\"default\":12,"
    "\"description\":\"failures in a row until a restart\"}}}",
    nullptr,
    TT_CAP_DETERMINISTIC | TT_CAP_SNAPSHOT | TT_CAP_PENDING |
        TT_CAP_CONDITIONS,
    TT_KINDS_NUMERIC, 0, 0, 1, 1, &climb_strategy, nullptr,
};
TT_DECLARE_PLUGIN(climb_plugin, TT_KIND_STRATEGY, "@NAME@", "0.1.0");
