/* SPDX-License-Identifier: MIT
 *
 * engine_run_move_test.c - another version takes over a run that goes on, and
 * gives it back: by snapshot, by history, through a crash at every commit, and
 * out of need. */
#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/json_of.h"
#include "tests/unit/run_sim.h"
#include "tests/unit/tap.h"

const struct tt_plugin *trimtab_plugin_v1(void); /* tests/zoo/zoo_cases.c */

static struct sim_options options(const struct tt_plugin *strategy,
                                  unsigned in_flight)
{
    struct sim_options o = sim_small(strategy, in_flight);

    o.iterations = 24;
    o.moves = 2;
    o.move_every = 8;
    return o;
}

/* The strategy's moves as letters: s(napshot), h(istory), a(dapter). */
static void how_moved(const struct sim *s, char out[16])
{
    json_object *run = sim_json(s, STORE_RUN, 0);
    json_object *list = json_child(run, "moves");
    size_t n = list != NULL ? json_object_array_length(list) : 0, i;

    for (i = 0; i < n && i < 15; i++) {
        json_object *one = json_object_array_get_idx(list, i);

        out[i] = strcmp(json_str(one, "role"), "adapter") == 0
                     ? 'a' : json_str(one, "how")[0];
    }
    out[i] = '\0';
    json_object_put(run);
}

static bool went_well(struct sim *s, const char *moved)
{
    char how[16];
    bool good = sim_run(s, 100000) && sim_check(s) && sim_replay(s) &&
                sim_each_once(s) && sim_count(s, STORE_CANDIDATE) >= 24;

    how_moved(s, how);
    if (!good || strcmp(how, moved) != 0) {
        printf("# moved \"%s\", wanted \"%s\": %s\n", how, moved, s->what);
        sim_print(s);
        return false;
    }
    return true;
}

/* --- there and back ------------------------------------------------------- */

static bool same_parameters(const struct sim *a, const struct sim *b)
{
    uint64_t i, n = sim_count(a, STORE_CANDIDATE);
    bool same = n == sim_count(b, STORE_CANDIDATE);

    for (i = 1; i <= n && same; i++) {
        json_object *x = sim_json(a, STORE_CANDIDATE, i);
        json_object *y = sim_json(b, STORE_CANDIDATE, i);

        same = json_equal(json_child(x, "parameters"),
                          json_child(y, "parameters"));
        json_object_put(x);
        json_object_put(y);
    }
    return same;
}

static void a_snapshot_goes_on_as_if_nothing_had_happened(void)
{
    struct sim_options o = options(sim_random_strategy(), 1);
    struct sim moved, whole;
    json_object *run;

    sim_init(&moved, &o);
    CU_ASSERT(went_well(&moved, "ss"));
    o.moves = 0;
    sim_init(&whole, &o);
    CU_ASSERT(went_well(&whole, ""));
    CU_ASSERT(same_parameters(&moved, &whole));
    CU_ASSERT_EQUAL(sim_count(&moved, STORE_STATE), 2);
    run = sim_json(&moved, STORE_RUN, 0);
    CU_ASSERT_STRING_EQUAL(json_str(run, "state"), "completed");
    CU_ASSERT_STRING_EQUAL(json_str(json_child(run, "optimizer"), "version"),
                           "1.0.0");
    CU_ASSERT_STRING_EQUAL(json_str(json_child(run, "optimizer"), "chosen"),
                           "moved");
    CU_ASSERT_PTR_NULL(json_child(run, "nondeterministic"));
    json_object_put(run);
    sim_fini(&moved);
    sim_fini(&whole);
}

static void without_a_snapshot_the_history_is_told(void)
{
    struct sim_options o = options(sim_random_strategy(), 4);
    json_object *run;
    struct sim s;

    o.move_history = true;
    sim_init(&s, &o);
    CU_ASSERT(went_well(&s, "hh"));
    CU_ASSERT_EQUAL(sim_count(&s, STORE_STATE), 0);
    run = sim_json(&s, STORE_RUN, 0);
    CU_ASSERT_PTR_NULL(json_child(run, "nondeterministic"));
    json_object_put(run);
    sim_fini(&s);
    o.strategy = trimtab_plugin_v1(); /* a model, subsets; no snapshots */
    o.move_history = false;
    sim_init(&s, &o);
    CU_ASSERT(sim_run(&s, 100000) && sim_check(&s) && sim_replay(&s));
    sim_fini(&s);
}

static void a_state_that_is_refused_becomes_the_history(void)
{
    struct sim_options o = options(sim_random_strategy(), 4);
    json_object *run;
    struct sim s;

    o.refuse_state = true;
    sim_init(&s, &o);
    CU_ASSERT(went_well(&s, "hs"));
    run = sim_json(&s, STORE_RUN, 0);
    CU_ASSERT_PTR_NULL(json_child(run, "nondeterministic"));
    json_object_put(run);
    sim_fini(&s);
}

static void an_adapter_takes_over_what_is_in_flight(void)
{
    struct sim_options o = options(sim_random_strategy(), 4);
    struct sim s;

    o.move_adapter = true;
    o.lost = 5;
    o.unsure = 20;
    sim_init(&s, &o);
    CU_ASSERT(sim_run(&s, 100000) && sim_check(&s) && sim_replay(&s));
    CU_ASSERT(sim_each_once(&s));
    sim_fini(&s);
}

/* --- crashes -------------------------------------------------------------- */

static void crash_everywhere(struct sim_options o, const char *moved)
{
    struct sim whole, s;
    uint64_t k, n;

    sim_init(&whole, &o);
    CU_ASSERT(went_well(&whole, moved));
    n = whole.commits;
    sim_fini(&whole);
    CU_ASSERT(n > 20);
    for (k = 1; k < n; k++) {
        o.crash_after = k;
        sim_init(&s, &o);
        if (!went_well(&s, moved)) {
            printf("# after commit %llu of %llu\n", (unsigned long long)k,
                   (unsigned long long)n);
            CU_FAIL("a crash spoils it");
            k = n;
        }
        sim_fini(&s);
    }
}

static void a_crash_anywhere_leaves_the_moves_whole(void)
{
    struct sim_options o = options(sim_random_strategy(), 1);

    crash_everywhere(o, "ss");
    o.max_in_flight = 8;
    crash_everywhere(o, "ss");
    o.move_history = true;
    crash_everywhere(o, "hh");
    o.move_history = false;
    o.move_adapter = true;
    crash_everywhere(o, "aa");
}

static void crashes_of_everything_do_not_either(void)
{
    struct sim_options o = options(sim_random_strategy(), 6);
    struct sim s;

    o.crash = o.strategy_crash = o.adapter_crash = 4;
    o.doubled = o.late = o.unsure = 10;
    o.moves = 6;
    o.move_every = 10;
    for (o.seed = 1; o.seed < 60; o.seed++) {
        o.move_history = o.seed % 3 == 0;
        o.refuse_state = o.seed % 5 == 0;
        sim_init(&s, &o);
        if (!sim_run(&s, 100000) || !sim_check(&s) || !sim_replay(&s) ||
            !sim_each_once(&s)) {
            printf("# seed %llu: %s\n", (unsigned long long)o.seed, s.what);
            CU_FAIL("a seed fails");
        }
        sim_fini(&s);
    }
}

/* --- out of need ---------------------------------------------------------- */

static void move_to(struct sim *s, const char *actor)
{
    struct run_event ev = { .kind = RUN_EV_MOVE, .actor = actor,
                            .text = "try it", .fresh = true };

    ev.parameters = json_of("{'id':'sim','version':'2.0.0','hash':'fe'}");
    sim_feed(s, &ev);
    json_object_put(ev.parameters);
}

static json_object *last_move(const struct sim *s, json_object **run)
{
    json_object *list;

    *run = sim_json(s, STORE_RUN, 0);
    list = json_child(*run, "moves");
    return list != NULL && json_object_array_length(list) > 0
               ? json_object_array_get_idx(list,
                                           json_object_array_length(list) - 1)
               : NULL;
}

static void a_moved_run_goes_back_when_the_new_version_is_lost(void)
{
    struct sim_options o = options(sim_random_strategy(), 2);
    struct run_event lost = { .kind = RUN_EV_STRATEGY_LOST,
                              .text = "strategy sim 2.0.0: it burns" };
    json_object *run, *move;
    struct sim s;

    o.moves = 0;
    sim_init(&s, &o);
    CU_ASSERT_FALSE(sim_run(&s, 60));
    move_to(&s, "ops");
    CU_ASSERT_FALSE(sim_run(&s, 70));
    sim_feed(&s, &lost);
    move = last_move(&s, &run);
    CU_ASSERT_STRING_EQUAL(json_str(json_child(move, "to"), "version"),
                           "1.0.0");
    CU_ASSERT_PTR_NULL(json_child(move, "actor"));
    CU_ASSERT_STRING_EQUAL(json_str(move, "reason"), lost.text);
    CU_ASSERT_STRING_EQUAL(json_str(json_child(run, "optimizer"), "chosen"),
                           "rescued");
    json_object_put(run);
    CU_ASSERT(went_well(&s, "hh"));
    sim_fini(&s);

    sim_init(&s, &o); /* who was never moved fails, as ever */
    CU_ASSERT_FALSE(sim_run(&s, 60));
    sim_feed(&s, &lost);
    run = sim_json(&s, STORE_RUN, 0);
    CU_ASSERT_STRING_EQUAL(json_str(run, "state"), "failed");
    json_object_put(run);
    sim_fini(&s);
}

/* The position of the entry that waits for its answer, or 0. */
static uint64_t open_entry(const struct sim *s)
{
    const struct sim_record *r;
    uint64_t position = 1;

    while ((r = sim_get(s, STORE_LOG, position)) != NULL) {
        struct tt_str bytes = { r->bytes, r->n };
        struct run_entry entry;

        if (run_entry_get(bytes, &entry, NULL) != 0)
            return 0;
        if ((entry.flags & RUN_ENTRY_ANSWERED) == 0 &&
            sim_get(s, STORE_LOG, position + entry.n) == NULL)
            return position;
        position += entry.n;
    }
    return 0;
}

static void a_fault_of_the_new_version_takes_it_back_too(void)
{
    struct sim_options o = options(sim_random_strategy(), 3);
    struct run_event answer = { .kind = RUN_EV_ACTIONS,
                                .bytes = tt_str_of("garbage") };
    json_object *run, *move;
    struct sim s;

    o.moves = 0;
    sim_init(&s, &o);
    CU_ASSERT_FALSE(sim_run(&s, 20));
    move_to(&s, "ops");
    while (answer.number == 0 && !s.finished) {
        (void)sim_run(&s, s.deliveries + 1);
        move = last_move(&s, &run);
        answer.number = move != NULL ? open_entry(&s) : 0;
        json_object_put(run);
    }
    sim_feed(&s, &answer);
    move = last_move(&s, &run);
    CU_ASSERT_PTR_NULL(json_str(move, "actor"));
    CU_ASSERT(strstr(json_str(move, "reason"), "sim 2.0.0") != NULL);
    CU_ASSERT(strstr(json_str(move, "reason"), "cannot be read") != NULL);
    json_object_put(run);
    CU_ASSERT(went_well(&s, "hh")); /* as if it had said nothing */
    sim_fini(&s);
}

/* A step is under way when somebody asks for the move. */
static void an_answer_counts_though_a_move_waits_for_it(void)
{
    struct sim_options o = options(sim_random_strategy(), 3);
    struct tt_str bytes;
    struct run_entry entry;
    uint64_t open = 0;
    struct sim s;

    o.moves = 0;
    o.late = 5;
    sim_init(&s, &o);
    while (s.deliveries < 20 || open == 0) {
        CU_ASSERT_FALSE_FATAL(sim_run(&s, s.deliveries + 1));
        open = open_entry(&s);
    }
    move_to(&s, "ops");
    CU_ASSERT(run_moving(s.run));
    CU_ASSERT(went_well(&s, "h"));
    bytes.p = sim_get(&s, STORE_LOG, open)->bytes;
    bytes.n = sim_get(&s, STORE_LOG, open)->n;
    CU_ASSERT_EQUAL(run_entry_get(bytes, &entry, NULL), 0);
    CU_ASSERT((entry.flags & RUN_ENTRY_ANSWERED) != 0);
    sim_fini(&s);
}

/* --- when it may be ------------------------------------------------------- */

static void some_moves_are_refused(void)
{
    struct sim_options o = options(sim_random_strategy(), 2);
    struct err e = { 0 };
    struct sim s;

    o.moves = 0;
    sim_init(&s, &o);
    CU_ASSERT_EQUAL(run_may_move(s.run, false, &e), 0);
    CU_ASSERT(sim_run(&s, 100000));
    CU_ASSERT_EQUAL(run_may_move(s.run, false, &e), TT_ECONFLICT);
    CU_ASSERT(strstr(e.text, "ended") != NULL);
    move_to(&s, "ops"); /* nothing comes of it */
    CU_ASSERT_FALSE(run_moving(s.run));
    sim_fini(&s);
}

/* Nothing was told to anybody yet: the version is simply another one. */
static void a_run_that_waits_is_moved_at_once(void)
{
    struct sim_options o = options(sim_random_strategy(), 2);
    json_object *run, *move;
    struct sim s;

    o.moves = 0;
    o.idle = true;
    sim_init(&s, &o);
    move_to(&s, "ops");
    move = last_move(&s, &run);
    CU_ASSERT_EQUAL(json_int(move, "position", 0), 1);
    CU_ASSERT_EQUAL(json_int(move, "at_ms", 0), 1700000000000);
    CU_ASSERT_STRING_EQUAL(json_str(run, "state"), "queued");
    json_object_put(run);
    sim_admit(&s);
    CU_ASSERT(went_well(&s, "h"));
    sim_fini(&s);
}

static void a_segment_is_found_by_position(void)
{
    json_object *run = json_of(
        "{'optimizer':{'hash':'c'},'moves':["
        "{'role':'strategy','from':{'hash':'a'},'how':'snapshot','position':5},"
        "{'role':'adapter','from':{'hash':'x'},'how':'handles','position':7},"
        "{'role':'strategy','from':{'hash':'b'},'how':'history',"
        "'position':9}]}");
    struct run_segment at;

    run_segment_at(run, 4, &at);
    CU_ASSERT_STRING_EQUAL(json_str(at.pin, "hash"), "a");
    CU_ASSERT_EQUAL(at.move, 0);
    run_segment_at(run, 5, &at);
    CU_ASSERT_STRING_EQUAL(json_str(at.pin, "hash"), "b");
    CU_ASSERT(at.state);
    CU_ASSERT_EQUAL(at.move, 1);
    CU_ASSERT_EQUAL(at.start, 5);
    run_segment_at(run, 100, &at);
    CU_ASSERT_STRING_EQUAL(json_str(at.pin, "hash"), "c");
    CU_ASSERT_FALSE(at.state);
    CU_ASSERT_EQUAL(at.move, 3);
    json_object_put(run);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "moved by snapshot and back, it proposes the same candidates",
          a_snapshot_goes_on_as_if_nothing_had_happened },
        { "without a snapshot the new version is told the history",
          without_a_snapshot_the_history_is_told },
        { "a state that it does not read becomes the history",
          a_state_that_is_refused_becomes_the_history },
        { "an adapter takes over what is in flight",
          an_adapter_takes_over_what_is_in_flight },
        { "a crash after any commit leaves the moves whole",
          a_crash_anywhere_leaves_the_moves_whole },
        { "so do crashes of everything, at any time",
          crashes_of_everything_do_not_either },
        { "a new version that is lost gives the run back",
          a_moved_run_goes_back_when_the_new_version_is_lost },
        { "and one that is at fault",
          a_fault_of_the_new_version_takes_it_back_too },
        { "an answer counts though a move waits for it",
          an_answer_counts_though_a_move_waits_for_it },
        { "what has ended is not moved", some_moves_are_refused },
        { "a run that waits its turn is moved at once",
          a_run_that_waits_is_moved_at_once },
        { "a position says which version made it",
          a_segment_is_found_by_position },
        CU_TEST_INFO_NULL,
    };

    return tap_run("run moves", tests);
}
