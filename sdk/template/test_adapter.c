/* SPDX-License-Identifier: MIT
 *
 * test_@NAME@ - evaluates candidates in this process. Prints the golden log. */
#include <trimtab/mock.h>

TT_EXTERN_C const struct tt_plugin *trimtab_plugin_v1(void);

int main(void)
{
    static const double temperatures[] = { 0.0, 0.3, 1.0, 2.0 };
    struct tt_param param;
    struct tt_space space;
    struct tt_setup setup;
    struct tt_value value;
    struct tt_candidate candidate;
    struct tt_case cases[2];
    struct tt_error e;
    char *outputs = NULL;
    size_t i;

    memset(&param, 0, sizeof param);
    memset(&space, 0, sizeof space);
    memset(&setup, 0, sizeof setup);
    memset(&value, 0, sizeof value);
    memset(&candidate, 0, sizeof candidate);
    memset(cases, 0, sizeof cases);
    memset(&e, 0, sizeof e);
    param.kind = TT_FLOAT;
    param.name = tt_str_of("answer.temperature");
    param.hi = 2;
    param.parent = -1;
    space.size = (uint32_t)sizeof space;
    space.param_size = (uint32_t)sizeof param;
    space.n_params = 1;
    space.params = &param;
    setup.size = (uint32_t)sizeof setup;
    setup.space = &space;
    setup.evaluation = tt_str_of("{}");
    candidate.size = (uint32_t)sizeof candidate;
    candidate.value_size = (uint32_t)sizeof value;
    candidate.n_values = 1;
    candidate.values = &value;
    cases[0].content = tt_str_of("{\"want\": 0.3}");
    cases[1].id = 1;
    cases[1].content = tt_str_of("{\"want\": 0.5}");
    for (i = 0; i < sizeof temperatures / sizeof temperatures[0]; i++) {
        struct tt_mock mock = TT_MOCK_INIT;

        value.number = temperatures[i];
        if (tt_mock_adapter(&mock, trimtab_plugin_v1(), &setup, &candidate,
                            cases, 2, &outputs, &e) != 0) {
            fprintf(stderr, "%s\n", outputs != NULL ? outputs : e.message);
            return 1;
        }
        printf("%.2f %s\n", value.number, outputs);
        free(outputs);
        outputs = NULL;
    }
    return 0;
}
