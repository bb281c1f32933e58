/* SPDX-License-Identifier: MIT
 *
 * sim_script.c - what ingest sees in a script: its graph as a diagram, and
 * whether it would compile at all. */
#include <ctype.h>
#include <string.h>

#include "tests/orcheo/sim.h"

/* The next argument of a call: "text" gives text, a name gives __name__ (so
 * START and END come out as LangGraph writes them). NULL at the end. */
static char *argument(const char **at)
{
    const char *p = *at, *from;
    char *text, *q;

    p += strspn(p, " \t\n,");
    if (*p == '"') {
        from = ++p;
        p += strcspn(p, "\"");
        text = xstrndup(from, (size_t)(p - from));
        *at = *p != '\0' ? p + 1 : p;
        return text;
    }
    from = p;
    while (isalnum((unsigned char)*p) || *p == '_')
        p++;
    if (p == from)
        return NULL;
    text = xasprintf("__%.*s__", (int)(p - from), from);
    for (q = text; *q != '\0'; q++)
        *q = (char)tolower((unsigned char)*q);
    *at = p;
    return text;
}

char *sim_mermaid(const char *source)
{
    struct buf b = { 0 };
    const char *p;
    size_t nodes = 0;

    buf_adds(&b, "---\nconfig:\n  flowchart:\n    curve: linear\n---\n"
                 "graph TD;\n\t__start__([<p>START</p>]):::first\n");
    for (p = source; (p = strstr(p, ".add_node(")) != NULL;) {
        TT_AUTO_FREE char *name = NULL;

        p += strlen(".add_node(");
        name = argument(&p);
        if (name != NULL)
            buf_addf(&b, "\t%s(%s)\n", name, name);
        nodes++;
    }
    buf_adds(&b, "\t__end__([<p>END</p>]):::last\n");
    for (p = source; (p = strstr(p, ".add_edge(")) != NULL;) {
        TT_AUTO_FREE char *from = NULL, *to = NULL;

        p += strlen(".add_edge(");
        from = argument(&p);
        to = argument(&p);
        if (from != NULL && to != NULL)
            buf_addf(&b, "\t%s --> %s;\n", from, to);
    }
    buf_adds(&b, "\tclassDef default fill:#f2f0ff,line-height:1.2\n"
                 "\tclassDef first fill-opacity:0\n"
                 "\tclassDef last fill:#bfb6fc\n");
    if (nodes > 0)
        return buf_steal(&b);
    buf_fini(&b);
    return NULL;
}

static const char *skip_string(const char *p)
{
    char quote = *p;
    bool three = p[1] == quote && p[2] == quote;

    for (p += three ? 3 : 1; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        else if (*p == quote && (!three || (p[1] == quote && p[2] == quote)))
            return p + (three ? 3 : 1);
        else if (*p == '\n' && !three)
            return NULL;
    }
    return NULL;
}

static bool nameless_def(const char *source, const char *p)
{
    return strncmp(p, "def ", 4) == 0 &&
           (p == source || isspace((unsigned char)p[-1])) &&
           !isalpha((unsigned char)p[4]) && p[4] != '_';
}

/* No compiler: brackets and strings must close, and def needs a name. That is
 * enough to tell a script from a text that is none. */
static bool compiles(const char *source)
{
    char open[256];
    size_t depth = 0;
    const char *p = source;

    while (*p != '\0') {
        const char *close;

        if (*p == '"' || *p == '\'') {
            p = skip_string(p);
            if (p == NULL)
                return false;
            continue;
        }
        if (*p == '#')
            p += strcspn(p, "\n");
        if (*p == '\0')
            break;
        if (nameless_def(source, p))
            return false;
        close = strchr(")]}", *p);
        if (strchr("([{", *p) != NULL) {
            if (depth == sizeof open)
                return false;
            open[depth++] = *p;
        } else if (close != NULL) {
            if (depth == 0 || strchr("([{", open[depth - 1]) == NULL ||
                (open[depth - 1] == '(' ? ')' :
                 open[depth - 1] == '[' ? ']' : '}') != *p)
                return false;
            depth--;
        }
        p++;
    }
    return depth == 0;
}

char *sim_script_error(const char *source, bool old)
{
    if (!compiles(source))
        return xstrdup("Compilation error: invalid syntax "
                       "(<langgraph-script>, line 1)");
    if (old && (strncmp(source, "import os", 9) == 0 ||
                strstr(source, "\nimport os") != NULL))
        return xstrdup("Import of module 'os' is not permitted in LangGraph "
                       "scripts");
    if (old && strstr(source, " += ") != NULL)
        return xstrdup("Runtime error during script execution: NameError: name "
                       "'_inplacevar_' is not defined");
    return NULL;
}
