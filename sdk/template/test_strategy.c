/* SPDX-License-Identifier: MIT
 *
 * test_@NAME@ - drives the plugin in this process on a function whose answer
 * is known. Prints the golden log; exits 1 where the plugin got worse. */
#include <trimtab/mock.h>

TT_EXTERN_C const struct tt_plugin *trimtab_plugin_v1(void);

/* Highest (0) at temperature 0.3 and style 1. */
static double score(void *ctx, const struct tt_space *space,
                    const struct tt_candidate *c)
{
    double t = tt_candidate_value(c, 0)->number - 0.3;

    (void)ctx;
    (void)space;
    return -t * t - (tt_candidate_value(c, 1)->number == 1 ? 0 : 0.5);
}

int main(void)
{
    struct tt_str styles[3];
    struct tt_param params[2];
    struct tt_space space;
    struct tt_objective objective;
    struct tt_problem problem;
    struct tt_mock mock = TT_MOCK_INIT;
    struct tt_error e;
    const struct tt_plugin *plugin = trimtab_plugin_v1();

    memset(params, 0, sizeof params);
    memset(&space, 0, sizeof space);
    memset(&objective, 0, sizeof objective);
    memset(&problem, 0, sizeof problem);
    memset(&e, 0, sizeof e);
    styles[0] = tt_str_of("plain");
    styles[1] = tt_str_of("brief");
    styles[2] = tt_str_of("formal");
    params[0].kind = TT_FLOAT;
    params[0].name = tt_str_of("answer.temperature");
    params[0].hi = 2;
    params[0].default_number = 1;
    params[0].parent = -1;
    params[1].kind = TT_CATEGORICAL;
    params[1].name = tt_str_of("answer.style");
    params[1].choices = styles;
    params[1].n_choices = 3;
    params[1].parent = -1;
    space.size = (uint32_t)sizeof space;
    space.param_size = (uint32_t)sizeof params[0];
    space.n_params = 2;
    space.params = params;
    objective.metric = tt_str_of("score");
    objective.direction = TT_MAXIMIZE;
    problem.size = (uint32_t)sizeof problem;
    problem.space = &space;
    problem.objectives = &objective;
    problem.n_objectives = 1;
    problem.seed = 1;
    problem.n_validation = 1;
    mock.problem = &problem;
    mock.evaluate = score;
    mock.log = stdout;
    if (tt_mock_strategy(&mock, plugin, 60, &e) != 0) {
        fprintf(stderr, "%s: %s\n", plugin->id, e.message);
        return 1;
    }
    fprintf(stderr, "%s: best %.4f after %u\n", plugin->id, mock.best,
            (unsigned)mock.n);
    return mock.best > -0.01 ? 0 : 1;
}
