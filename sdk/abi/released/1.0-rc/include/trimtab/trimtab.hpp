// SPDX-License-Identifier: MIT
//
// trimtab/trimtab.hpp - write a strategy or an adapter as a C++ class. No
// exception crosses the boundary: what a method throws becomes the error that
// the host sees. Over asktell.h and blocking.h, which say what a method may do.
//
//     struct uniform : tt::strategy {
//         using tt::strategy::strategy;
//         void ask(tt_proposal &p) override
//         {
//             for (auto &v : p.values) ...
//         }
//     };
//     TT_STRATEGY_CLASS(uniform_strategy, uniform);
//
// Stability  1.0-rc. Language C++11 to C++20. Threads [inst].
#ifndef TRIMTAB_TRIMTAB_HPP
#define TRIMTAB_TRIMTAB_HPP

#include <exception>
#include <cmath>
#include <cstdlib>
#include <new>
#include <string>

#include <trimtab/asktell.h>
#include <trimtab/blocking.h>

namespace tt {

// Throw it to choose the code; any other exception is TT_EINTERNAL.
class error : public std::exception {
public:
    error(int code, const std::string &text) : code_(code), text_(text) {}
    int code() const noexcept { return code_; }
    const char *what() const noexcept override { return text_.c_str(); }

private:
    int code_;
    std::string text_;
};

// Run f(), which returns an int; turn what it throws into an error of the SDK.
template <class F> int guarded(tt_error *e, F &&f) noexcept
{
    try {
        return f();
    } catch (const error &x) {
        return tt_fail(e, x.code(), "%s", x.what());
    } catch (const std::bad_alloc &) {
        return tt_fail(e, TT_ENOMEM, "out of memory");
    } catch (const std::exception &x) {
        return tt_fail(e, TT_EINTERNAL, "%s", x.what());
    } catch (...) {
        return tt_fail(e, TT_EINTERNAL, "something that is no std::exception "
                                        "was thrown");
    }
}

inline std::string to_string(tt_str s)
{
    return std::string(s.p != nullptr ? s.p : "", static_cast<size_t>(s.n));
}

// A strategy by ask and tell. `at` holds history, space and configuration.
class strategy {
public:
    explicit strategy(tt_asktell &a) : at(a) {}
    virtual ~strategy() {}
    strategy(const strategy &) = delete;
    strategy &operator=(const strategy &) = delete;

    // Fill in p.values. Returns 0, TT_ASK_WAIT or TT_ASK_DONE.
    virtual int ask(tt_proposal &p) = 0;
    // A trial has ended.
    virtual void tell(const tt_trial &) {}

protected:
    tt_asktell &at;
};

// An adapter by one function: put a score (and feedback) into reply.
class adapter {
public:
    virtual ~adapter() {}
    virtual void evaluate(const tt_candidate &candidate, const tt_case &c,
                          tt_reply &reply) = 0;
};

template <class T> struct strategy_ops {
    static T *&self(tt_asktell *at) { return *static_cast<T **>(at->state); }
    static int init(tt_asktell *at, tt_error *e)
    {
        return guarded(e, [&] {
            self(at) = new T(*at);
            return 0;
        });
    }
    static void fini(tt_asktell *at)
    {
        delete self(at);
        self(at) = nullptr;
    }
    static int ask(tt_asktell *at, tt_proposal *p, tt_error *e)
    {
        return guarded(e, [&] { return self(at)->ask(*p); });
    }
    static int tell(tt_asktell *at, const tt_trial *t, tt_error *e)
    {
        return guarded(e, [&] {
            self(at)->tell(*t);
            return 0;
        });
    }
};

} // namespace tt

// A tt_strategy `name` that runs class T (tt::strategy), proposing no candidate
// twice.
#define TT_STRATEGY_CLASS(name, T)                                             \
    static const struct tt_asktell_ops name##_ops = {                          \
        nullptr, sizeof(T *), tt::strategy_ops<T>::init,                       \
        tt::strategy_ops<T>::fini, tt::strategy_ops<T>::ask,                   \
        tt::strategy_ops<T>::tell, nullptr, nullptr, 1                         \
    };                                                                         \
    TT_ASKTELL_STRATEGY(name, name##_ops)

// A tt_adapter `name` that runs class T (tt::adapter), default-constructed.
#define TT_ADAPTER_CLASS(name, T)                                              \
    static int name##_evaluate(struct tt_blocking *,                           \
                               const struct tt_candidate *candidate,           \
                               const struct tt_case *c,                        \
                               struct tt_reply *reply, struct tt_error *e)     \
    {                                                                          \
        static T self;                                                         \
        return tt::guarded(e, [&] {                                            \
            self.evaluate(*candidate, *c, *reply);                             \
            return 0;                                                          \
        });                                                                    \
    }                                                                          \
    static const struct tt_blocking_ops name##_ops = { "score", 0, nullptr,    \
                                                       nullptr,                \
                                                       name##_evaluate };      \
    TT_BLOCKING_ADAPTER(name, name##_ops)

#endif
