/* SPDX-License-Identifier: MIT
 *
 * @NAME@ - an adapter that works as it stands: it scores a candidate by how
 * close `temperature` comes to what the case wants. Replace `judge` by a call
 * to your own system; what needs HTTP asks the host for it (adapter.h). */
#include <trimtab/blocking.h>

/* The number behind "key": in a flat JSON object; a real adapter links a JSON
 * library. */
static double number_of(struct tt_str json, const char *key, double otherwise)
{
    uint64_t n = strlen(key), i;

    for (i = 0; i + n + 2 < json.n; i++)
        if (json.p[i] == '"' && memcmp(json.p + i + 1, key, (size_t)n) == 0 &&
            json.p[i + n + 1] == '"') {
            i += n + 2;
            while (i < json.n && (json.p[i] == ':' || json.p[i] == ' '))
                i++;
            return i < json.n ? strtod(json.p + i, NULL) : otherwise;
        }
    return otherwise;
}

static int judge(struct tt_blocking *b, const struct tt_candidate *candidate,
                 const struct tt_case *c, struct tt_reply *reply,
                 struct tt_error *e)
{
    double want = number_of(c->content, "want", 0.3);
    double off = fabs(tt_candidate_value(candidate, 0)->number - want);

    (void)b;
    (void)e;
    tt_reply_score(reply, off < 1 ? 1 - off : 0);
    if (off > 0.5)
        tt_reply_feedback(reply, tt_str_of("the temperature is far off"));
    return 0;
}

static const struct tt_blocking_ops judge_ops = { "score", 0, NULL, NULL,
                                                  judge };
TT_BLOCKING_ADAPTER(judge_adapter, judge_ops);

static const struct tt_plugin judge_plugin = {
    sizeof(struct tt_plugin), TT_ABI_MAJOR, TT_ABI_MINOR_WANTED,
    TT_KIND_ADAPTER, "@NAME@", "0.1.0", "@NAME@",
    "Scores by a function in this file.", "@VENDOR@", "MIT", NULL,
    "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}",
    NULL, TT_CAP_DETERMINISTIC,
    TT_KINDS_NUMERIC | TT_KIND_BIT(TT_TEXT), 0, 0, 0, 0, NULL, &judge_adapter,
};
TT_DECLARE_PLUGIN(judge_plugin, TT_KIND_ADAPTER, "@NAME@", "0.1.0");
