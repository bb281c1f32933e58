/* SPDX-License-Identifier: MIT
 *
 * orcheo_sim_score_test.c - the simulator's numbers against what Orcheo gave
 * (contract of the fixtures) and against workflows/noisy.py. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "tests/orcheo/sim.h"
#include "tests/unit/tap.h"

static const char *const cases[] = {
    "paris is the capital of france", "water boils at one hundred degrees",
};

static double run(double temperature, const char *prompt)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < 2; i++) {
        char *kept = sim_keep_words(cases[i], temperature,
                                    strstr(prompt, "brief") != NULL);

        sum += sim_token_f1(kept, cases[i]);
        free(kept);
    }
    return sum / 2;
}

/* Exact: the same operations in the same order as Python's. */
static bool same(double a, double b)
{
    return a <= b && b <= a;
}

static void the_fixtures_scores_come_out(void)
{
    CU_ASSERT(same(run(1.0, "Answer."), 0.2857142857142857));
    CU_ASSERT(same(run(0.3, "Be brief."), 1.0));
    CU_ASSERT(same(run(0.8, "Be brief."), 0.6666666666666666));
    CU_ASSERT(same(run(0.3, "Answer."), 0.6666666666666666));
    CU_ASSERT(same(run(5, "Be brief."), 0.0));
}

static void f1_counts_tokens_and_not_letters(void)
{
    CU_ASSERT(same(sim_token_f1("The cat, the cat!", "the CAT"),
                   2 * 0.5 * 1.0 / 1.5));
    CU_ASSERT(same(sim_token_f1("", "x"), 0.0));
    CU_ASSERT(same(sim_token_f1("...", "..."), 0.0));
    CU_ASSERT(same(sim_token_f1("snake_case", "snake case"), 0.0));
    CU_ASSERT(same(sim_token_f1("Ünïcode", "ünïCODE"), 1.0));
    CU_ASSERT(same(sim_token_f1("a\xff" "b", "a b"), 1.0));
}

static void halves_are_rounded_to_even(void)
{
    /* 5 words: 2.5 -> 2; 7 words: 3.5 -> 4 */
    char *two = sim_keep_words("a b c d e", 0.8, true);
    char *four = sim_keep_words("a b c d e f g", 0.8, true);

    CU_ASSERT_STRING_EQUAL(two, "a b");
    CU_ASSERT_STRING_EQUAL(four, "a b c d");
    free(two);
    free(four);
}

static void numbers_are_read_as_python_reads_them(void)
{
    json_object *text = json_object_new_string(" 0.25 ");
    json_object *map = json_object_new_object();
    char *error = NULL;
    double d = 0;

    CU_ASSERT(sim_float(text, NULL, &d, &error) && same(d, 0.25));
    CU_ASSERT(!sim_float(NULL, "{{config.x}}", &d, &error));
    CU_ASSERT_STRING_EQUAL(error,
                           "could not convert string to float: '{{config.x}}'");
    free(error);
    CU_ASSERT(!sim_float(map, NULL, &d, &error));
    CU_ASSERT_STRING_EQUAL(error, "float() argument must be a string or a real "
                                  "number, not 'dict'");
    free(error);
    CU_ASSERT(!sim_float(NULL, NULL, &d, &error));
    free(error);
    json_object_put(text);
    json_object_put(map);
}

static void text_is_made_as_python_makes_it(void)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
        { "1", "1" }, { "1.0", "1.0" }, { "0.1", "0.1" }, { "true", "True" },
        { "null", "None" }, { "\"x\"", "x" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(rows); i++) {
        json_object *o = json_tokener_parse(rows[i].json);
        char *text = sim_python_str(o);

        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
        free(text);
        json_object_put(o);
    }
}

/* Values printed by quality() of workflows/noisy.py. */
static void the_noisy_model_is_that_of_its_script(void)
{
    struct sim_noisy best = { .temperature = 0.4, .top_p = 0.85, .top_k = 32,
                              .noise = 0.05, .style = "steps",
                              .prompt = "Be brief.", .seed = "0" };
    struct sim_noisy odd = { .temperature = 1.0, .top_p = 1.0, .top_k = 256,
                             .noise = 0.05, .style = "plain",
                             .prompt = "Answer.", .seed = "0" };

    CU_ASSERT(same(sim_noisy_score(&best, cases[0]),
                   0.7340980189680388));
    CU_ASSERT(same(sim_noisy_score(&best, cases[1]),
                   0.6645650596086125));
    CU_ASSERT(same(sim_noisy_score(&odd, cases[0]),
                   0.23212355925146558));
    CU_ASSERT(same(sim_noisy_score(&odd, cases[1]),
                   0.22298134330036512));
    odd.temperature = 9;
    CU_ASSERT(same(sim_noisy_score(&odd, cases[0]), 0.0));
}

static CU_TestInfo tests[] = {
    { "the fixtures' scores come out", the_fixtures_scores_come_out },
    { "F1 counts tokens and not letters", f1_counts_tokens_and_not_letters },
    { "halves are rounded to even", halves_are_rounded_to_even },
    { "numbers are read as Python reads them",
      numbers_are_read_as_python_reads_them },
    { "text is made as Python makes it", text_is_made_as_python_makes_it },
    { "the noisy model is that of its script",
      the_noisy_model_is_that_of_its_script },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    return tap_run("orcheo-sim", tests);
}
