// SPDX-License-Identifier: MIT
//
// @NAME@ - an adapter that works as it stands: it scores a candidate by how
// close `temperature` comes to what the case wants. Replace class judge by a
// call to your own system; what needs HTTP asks the host for it (adapter.h).
#include <trimtab/trimtab.hpp>

// The number behind "key": in a flat JSON object; a real adapter links a JSON
// library.
static double number_of(const std::string &json, const std::string &key,
                        double otherwise)
{
    const size_t at = json.find("\"" + key + "\"");

    if (at == std::string::npos)
        return otherwise;
    return std::strtod(json.c_str() + json.find(':', at) + 1, nullptr);
}

class judge : public tt::adapter {
public:
    void evaluate(const tt_candidate &candidate, const tt_case &c,
                  tt_reply &reply) override
    {
        const double want = number_of(tt::to_string(c.content), "want", 0.3);
        const double off =
            std::fabs(tt_candidate_value(&candidate, 0)->number - want);

        tt_reply_score(&reply, off < 1 ? 1 - off : 0);
        if (off > 0.5)
            tt_reply_feedback(&reply,
                              tt_str_of("the temperature is far off"));
    }
};
TT_ADAPTER_CLASS(judge_adapter, judge);

static const struct tt_plugin judge_plugin = {
    sizeof(struct tt_plugin), TT_ABI_MAJOR, TT_ABI_MINOR_WANTED,
    TT_KIND_ADAPTER, "@NAME@", "0.1.0", "@NAME@",
    "Scores by a function in this file.", "@VENDOR@", "MIT", nullptr,
    "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}",
    nullptr, TT_CAP_DETERMINISTIC,
    TT_KINDS_NUMERIC | TT_KIND_BIT(TT_TEXT), 0, 0, 0, 0, nullptr,
    &judge_adapter,
};
TT_DECLARE_PLUGIN(judge_plugin, TT_KIND_ADAPTER, "@NAME@", "0.1.0");
