#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""reference.py - docs/plugin-reference.md from the comments of the SDK's
headers and the plan in reference.in.

    reference.py INCLUDE PLAN            the page, on standard output
    reference.py --missing INCLUDE PLAN  what has no contract; exit 1 if any

What a header has to keep to, so that it can be read:
  - a comment right above a declaration is its contract; so is one behind the
    `{` of a struct, and one behind a member, on the member's line;
  - "/* --- title --- */" begins a section; what stands in it below the line
    is the section's introduction;
  - a comment that begins with "Private", and a section whose title begins with
    "inside", keep names out of the reference.
Lines of the plan that begin with @ say what goes where:
  @head FILE            the introduction of a header
  @section FILE TITLE   the names of a section
  @members FILE TITLE   the same, without a heading for the section; "-" is
                        what stands before the first one
"""
import os
import re
import sys

HEADERS = ['errors.h', 'plugin.h', 'strategy.h', 'adapter.h', 'asktell.h',
           'blocking.h', 'cube.h', 'random.h', 'sobol.h', 'mock.h']
# Members whose name says all there is: (pattern, text).
USUAL = [
    (r'size', 'bytes of this record: `sizeof` of it as the writer knows it'),
    (r'reserved', '0'),
    (r'head', 'its `size` and `kind`, as in all records of its family'),
]


class Name:
    """A public name: a function, macro, type, struct or enum."""

    def __init__(self, kind, name, code, text, header, section):
        self.kind, self.name, self.code, self.text = kind, name, code, text
        self.header, self.section = header, section
        self.members = []  # (names, declaration, text) of structs and enums

    @property
    def title(self):
        return (self.kind + ' ' if self.kind in ('struct', 'enum') else '') \
            + self.name

    @property
    def anchor(self):
        return self.title.lower().replace(' ', '-')


class Section:
    def __init__(self, title, text):
        self.title, self.text, self.names = title, text, []


# --- reading -----------------------------------------------------------------

def comment_text(raw):
    """A comment without its stars; the lines keep their indentation."""
    raw = raw.strip()[2:-2]
    lines = raw.split('\n')
    out = [lines[0].strip()]
    for line in lines[1:]:
        line = re.sub(r'^\s*\* ?', '', line) if '*' in line else line.strip()
        out.append(line.rstrip())
    while out and not out[-1].strip():
        out.pop()
    while out and not out[0].strip():
        out.pop(0)
    return '\n'.join(out)


def split_comments(text):
    """Pieces of a text: ('comment', raw, line) and ('code', raw, line)."""
    pieces, at, line = [], 0, 0
    for m in re.finditer(r'/\*.*?\*/', text, re.S):
        if m.start() > at:
            pieces.append(('code', text[at:m.start()], line))
            line += text[at:m.start()].count('\n')
        pieces.append(('comment', m.group(), line))
        line += m.group().count('\n')
        at = m.end()
    pieces.append(('code', text[at:], line))
    return pieces


def without_comments(text):
    return re.sub(r'/\*.*?\*/', '', text, flags=re.S)


def squeeze(code):
    code = re.sub(r'\s+', ' ', code).strip()
    return re.sub(r'\* (\w+\()', r'*\1', re.sub(r'\( ', '(', code))


def member_names(declaration):
    m = re.search(r'\(\s*\*\s*(\w+)\s*\)\s*\(', declaration)
    if m:
        return [m.group(1)]
    names = []
    for part in declaration.split(','):
        part = re.sub(r'\[.*?\]', '', part)
        found = re.findall(r'\w+', part)
        if found:
            names.append(found[-1])
    return names


def parse_body(body, separator):
    """Members with their comments. Returns (own comment, members)."""
    own, members, pending, code = '', [], '', ''
    depth, fresh_line = 0, False  # fresh_line: a newline since the last member

    def finish():
        nonlocal code, pending
        text = squeeze(code)
        if text:
            members.append([text, pending])
        code, pending = '', ''

    first = True
    for kind, raw, _ in split_comments(body):
        if kind == 'comment':
            text = comment_text(raw)
            if first and not code.strip() and not members and \
                    not first_newline:
                own = text
            elif not code.strip() and members and not fresh_line:
                members[-1][1] = (members[-1][1] + ' ' + text).strip()
            elif code.strip():  # behind the last enumerator, or in the middle
                if separator == ',' and depth == 0:
                    pending = (pending + ' ' + text).strip()
                else:
                    pending = (pending + ' ' + text).strip()
            else:
                pending = text
            first = False
            continue
        if first:
            first_newline = '\n' in raw
        for c in raw:
            if c == '(':
                depth += 1
            elif c == ')':
                depth -= 1
            if c == '\n' and not code.strip():
                fresh_line = True
            if c == separator and depth == 0:
                finish()
                fresh_line = False
                continue
            code += c
        if raw.strip():
            first = False
    finish()
    return own, members


class Reader:
    def __init__(self, header, text):
        self.header = header
        self.lines = text.split('\n')
        self.sections = [Section('', '')]
        self.head = ''
        self.seen = set()

    def add(self, kind, name, code, text):
        if name in self.seen or name.endswith('_') or \
                re.match(r'TRIMTAB_\w+_H$', name):
            return None
        self.seen.add(name)
        if re.match(r'private\b', text, re.I) or \
                self.sections[-1].title.startswith('inside'):
            return None
        entry = Name(kind, name, code, text, self.header,
                     self.sections[-1].title)
        self.sections[-1].names.append(entry)
        return entry

    def take_comment(self, i):
        j = i
        while '*/' not in self.lines[j]:
            j += 1
        return '\n'.join(self.lines[i:j + 1]), j + 1

    def read(self):
        i, pending = 0, ''
        while i < len(self.lines):
            line = self.lines[i]
            if line.startswith('/*'):
                raw, i = self.take_comment(i)
                m = re.match(r'/\* --- (.*?) -+\s*(\*/|\n)', raw)
                if 'SPDX' in raw:
                    self.head = comment_text(raw)
                elif m:
                    rest = raw[m.end():] if m.group(2) == '\n' else ''
                    text = comment_text('/*' + rest) if rest else ''
                    self.sections.append(Section(m.group(1), text))
                    pending = text
                else:
                    pending = comment_text(raw)
                continue
            if line.startswith('#'):
                i, pending = self.directive(i, pending)
                continue
            if not line.strip():
                pending = ''
                i += 1
                continue
            if re.match(r'(extern "C"|\}|__attribute__)', line):
                i += 1
                continue
            i = self.declaration(i, pending)
            pending = ''
        return self

    def directive(self, i, pending):
        m = re.match(r'#define (\w+)(\([^)]*\))?(.*)', self.lines[i])
        whole = self.lines[i]
        while self.lines[i].endswith('\\'):
            i += 1
            whole += '\n' + self.lines[i]
        if not m:
            return i + 1, pending  # conditions leave the comment be
        trailing = re.search(r'/\*(.*?)\*/\s*$', whole.split('\n')[0])
        text = comment_text(trailing.group()) if trailing and not pending \
            else pending
        code = '#define ' + m.group(1) + (m.group(2) or '')
        value = without_comments(m.group(3)).strip()
        if not m.group(2) and value and '\n' not in whole:
            code += ' ' + value
        self.add('macro', m.group(1), code, text)
        return i + 1, ''

    def declaration(self, i, pending):
        j, depth, text = i, 0, ''
        while True:
            line = self.lines[j]
            text += line + '\n'
            bare = without_comments(text)
            bare = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])+\'', '', bare)
            depth = bare.count('{') - bare.count('}')
            j += 1
            if '/*' in re.sub(r'/\*.*?\*/', '', text, flags=re.S):
                continue
            if depth == 0 and re.search(r'[;}]\s*$', bare.rstrip()):
                break
        m = re.match(r'(struct|enum) (\w+) \{', text)
        if m:
            self.record(m.group(1), m.group(2), text, pending)
        elif re.match(r'struct \w+;', text):
            pass
        elif text.startswith('typedef'):
            name = re.search(r'(\w+)\(', without_comments(text)) or \
                re.search(r'(\w+);', text)
            self.add('type', name.group(1), squeeze(without_comments(text)),
                     pending)
        else:
            proto = squeeze(re.split(r'[{;]', without_comments(text))[0])
            proto = re.sub(r'^static (inline )?', '', proto)
            name = re.search(r'(\w+)\(', proto)
            self.add('function', name.group(1), proto + ';', pending)
        return j

    def record(self, kind, name, text, pending):
        body = text[text.index('{') + 1:]
        closing = body.rindex('}')
        own, members = parse_body(body[:closing],
                                  ';' if kind == 'struct' else ',')
        if own.lower().startswith('private'):  # of it no more than the name
            own, members = '', []
        entry = self.add(kind, name, '', (pending + '\n\n' + own).strip())
        if entry is None:
            return
        names = {n for d, _ in members for n in member_names(d)}
        private = False
        for declaration, contract in members:
            if contract.lower().startswith('private'):
                private = True
            if private:
                continue
            if declaration.startswith('#'):
                continue
            for usual, words in USUAL:
                if not contract and all(re.fullmatch(usual, n) for n in
                                        member_names(declaration)):
                    contract = words
            m = re.search(r'\bn_(\w+)$', declaration)
            if not contract and m and m.group(1) in names:
                contract = 'elements of `%s`' % m.group(1)
            entry.members.append((member_names(
                declaration.split('=')[0] if kind == 'enum' else declaration),
                declaration, contract))


def error_codes(reader):
    """The table of errors.h, as members of enum tt_code: numbers from the
    table, contracts from the list in the comment above it."""
    table = re.findall(r'X\((TT_\w+), (-?\d+), (\d+), "(\w+)"\)',
                       '\n'.join(reader.lines))
    macro = next(n for s in reader.sections for n in s.names
                 if n.name == 'TT_ERROR_TABLE')
    texts, last, plain = {}, None, []
    for line in macro.text.split('\n'):
        m = re.match(r'(TT_E\w+)\s+(\S.*)', line)
        if m:
            last = m.group(1)
            texts[last] = m.group(2)
        elif last and line.startswith(' '):
            texts[last] += ' ' + line.strip()
        else:
            plain.append(line)
            last = None
    macro.text = '\n'.join(plain).strip()
    entry = next(n for s in reader.sections for n in s.names
                 if n.name == 'tt_code')
    entry.members = []
    for name, number, status, word in table:
        entry.members.append(([name], '%s = %s' % (name, number), '%s' %
                              texts.get(name, '')))
    entry.columns = {name: (status, word) for name, _, status, word in table}


# --- writing -----------------------------------------------------------------

class Writer:
    def __init__(self, readers):
        self.readers = readers
        self.index = {}
        for r in readers.values():
            for s in r.sections:
                for n in s.names:
                    self.index[n.name] = n.anchor
                    if n.kind == 'enum':
                        for names, _, _ in n.members:
                            self.index[names[0]] = n.anchor
        self.users = {}
        for r in readers.values():
            for s in r.sections:
                for n in s.names:
                    code = n.code + ' '.join(d for _, d, _ in n.members)
                    for t in set(re.findall(r'(?:struct|enum) (tt_\w+)',
                                            code)):
                        if t != n.name:
                            self.users.setdefault(t, []).append(n)
        self.placed = set()

    def link(self, name, shown=None):
        return '[`%s`](#%s)' % (shown or name, self.index[name])

    def inline(self, text, own=''):
        """A line of prose: names become links, the rest is made harmless."""
        out = []
        for part in re.split(r'(`[^`]*`)', text):
            if part.startswith('`') and part.endswith('`') and len(part) > 1:
                inner = re.sub(r'\(\)$', '', part[1:-1])
                known = inner in self.index and inner != own
                out.append(self.link(inner, part[1:-1]) if known else part)
                continue
            for word in re.split(r'((?:\b(?:struct|enum) )?\b(?:tt|TT)_\w+'
                                 r'(?:\(\)|\*|\.\w+)?)', part):
                out.append(self.word(word, own))
        return ''.join(out)

    def word(self, word, own):
        m = re.fullmatch(r'(?:struct |enum )?((?:tt|TT)_\w+)\W?.*', word)
        if m and m.group(1) in self.index and m.group(1) != own:
            return self.link(m.group(1), word)
        if m:
            return '`%s`' % word
        word = word.replace('\\', '\\\\').replace('*', '\\*')
        return word.replace('<', '&lt;').replace('|', '\\|')

    def prose(self, text, own=''):
        """Paragraphs, code that is indented by four, lists of terms."""
        out, para, code, item = [], [], [], None

        def flush():
            nonlocal para, code, item
            if para:
                out.append(self.inline(' '.join(para), own))
            if code:
                out.append('```c\n' + '\n'.join(code).rstrip() + '\n```')
            if item:
                out.append('- **%s** %s' % (item[0],
                                            self.inline(item[1], own)))
            para, code, item = [], [], None

        for line in text.split('\n'):
            term = re.match(r'( {0,4})(\S[^:]{0,30}?) {2,}(\S.*)', line)
            if not line.strip():
                if code:
                    code.append('')
                else:
                    flush()
            elif term and not code:
                flush()
                item = [self.inline(term.group(2), own), term.group(3)]
            elif item:
                word = re.match(r'\s*\[(\w+)\] +(\S.*)', line)
                item[1] += ' %s: %s' % word.groups() if word \
                    else ' ' + line.strip()
            elif line.startswith('    '):
                if not code:
                    flush()
                code.append(line[4:])
            else:
                if code or item:
                    flush()
                para.append(line.strip())
        flush()
        glued = ''
        for block in out:  # items of one list stand together
            tight = block.startswith('- ') and \
                glued.rsplit('\n', 1)[-1].startswith('- ')
            glued += ('' if not glued else '\n' if tight else '\n\n') + block
        return glued

    def wrapped(self, code):
        """A prototype on lines of at most 76 columns."""
        if len(code) <= 76 or '(' not in code:
            return code
        head, rest = code.split('(', 1)
        if '(*' in code:  # the arguments of a call of a vtable
            at = code.index(')(') + 2
            head, rest = code[:at - 1], code[at:]
        lines, line = [], head + '('
        indent = ' ' * (len(head) + 1 if len(head) < 40 else 8)
        for k, argument in enumerate(rest.split(', ')):
            piece = (', ' if k else '') + argument
            if len(line) + len(piece) > 76 and k:
                lines.append(line + ',')
                line = indent + argument
            else:
                line += piece
        lines.append(line)
        return '\n'.join(lines)

    def threads(self, text):
        """[inst] and its like are words of their own."""
        return re.sub(r'\s*\[(inst|any|load)\]',
                      r' *Threads:* [\1](#threads).', text)

    def contract(self, text, own):
        if re.match(r'[a-z]+[ ,]', text):
            text = text[0].upper() + text[1:]
        text = self.prose(text, own)
        return self.threads(text)

    def cell(self, text, own):
        text = self.inline(re.sub(r'\s+', ' ', text), own)
        return self.threads(text)

    def members(self, n, out):
        calls = [m for m in n.members if '(*' in m[1]]
        plain = [m for m in n.members if m not in calls]
        if n.kind == 'enum':
            columns = getattr(n, 'columns', None)
            out.append('| value | number | %smeaning |\n|---|---|%s---|' %
                       (('HTTP | `code` | ', '---|---|') if columns
                        else ('', '')))
            number = 0
            for names, declaration, text in n.members:
                number = declaration.split('=')[1].strip() \
                    if '=' in declaration else number
                more = '%s | `%s` | ' % columns[names[0]] if columns else ''
                out[-1] += '\n| `%s` | %s | %s%s |' % (
                    names[0], number, more, self.cell(text, n.name))
            return
        if plain:
            out.append('| member | type | meaning |\n|---|---|---|')
            for names, declaration, text in plain:
                kind = self.member_type(names, declaration)
                out[-1] += '\n| %s | %s | %s |' % (
                    ', '.join('`%s`' % x for x in names), kind,
                    self.cell(text, n.name))
        for names, declaration, text in calls:
            out.append('**`%s`**\n\n```c\n%s;\n```\n\n%s' % (
                names[0], self.wrapped(declaration),
                self.contract(text, n.name)))

    def member_type(self, names, declaration):
        kind = re.sub(r'\b%s\b.*' % names[0], '', declaration).strip()
        size = re.search(r'\[.*\]$', declaration)
        kind += ' ' + size.group() if size else ''
        m = re.search(r'(struct|enum) (tt_\w+)', kind)
        if m and m.group(2) in self.index:
            return '[`%s`](#%s)' % (kind, self.index[m.group(2)])
        return '`%s`' % kind

    def entry(self, n, level):
        out = ['%s `%s`' % ('#' * level, n.title)]
        if n.code:
            out.append('```c\n%s\n```' % self.wrapped(n.code))
        if n.text:
            out.append(self.contract(n.text, n.name))
        if n.members:
            self.members(n, out)
        types = [t for t in dict.fromkeys(
            re.findall(r'(?:struct|enum) (tt_\w+)', n.code))
            if t in self.index]
        if types:
            out.append('Types: ' + ', '.join(self.link(t) for t in types))
        users = self.users.get(n.name, [])
        if users:
            out.append('Used by: ' + ', '.join(
                self.link(u.name) for u in users[:8]) +
                (' and others' if len(users) > 8 else ''))
        return '\n\n'.join(out)

    def section(self, header, title, heading):
        title = '' if title == '-' else title
        for s in self.readers[header].sections:
            if s.title == title:
                break
        else:
            sys.exit('%s has no section "%s"' % (header, title))
        self.placed.add((header, title))
        out = []
        if heading:
            out.append('### %s\n\n`#include <trimtab/%s>`' % (
                title[0].upper() + title[1:], header))
        if heading and s.text:
            out.append(self.contract(s.text, ''))
            for n in s.names:  # not twice
                if n.text == s.text:
                    n.text = ''
        out += [self.entry(n, 4) for n in s.names]
        return '\n\n'.join(out)

    def page(self, plan):
        out = []
        for line in plan.split('\n'):
            words = line.split(None, 2)
            if line.startswith('@head'):
                text = self.readers[words[1]].head
                text = re.sub(r'^SPDX[^\n]*\n+', '', text)
                text = re.sub(r'^trimtab/\S+ - ', '', text)
                text = text.split('\nThe direction numbers are')[0]
                out.append(self.prose(text[0].upper() + text[1:]))
            elif line.startswith('@section') or line.startswith('@members'):
                out.append(self.section(words[1], words[2],
                                        line.startswith('@section')))
            else:
                def put(m):
                    if m.group(1) not in self.index:
                        sys.exit('the plan names %s, which is not there' %
                                 m.group(1))
                    return self.link(m.group(1))
                out.append(re.sub(r'\[\[(\w+)\]\]', put, line))
        page = '\n'.join(out)
        for h, r in self.readers.items():
            for s in r.sections:
                if s.names and (h, s.title) not in self.placed:
                    sys.exit('the plan leaves out %s, "%s": %s' % (
                        h, s.title, ', '.join(n.name for n in s.names)))
        return contents(page)


def contents(page):
    """The table of contents in place of @contents; links are looked at."""
    toc, anchors = [], set()
    code = False
    for line in page.split('\n'):
        code ^= line.startswith('```')
        m = re.match(r'(#{1,4}) (.*)', line)
        if not m or code:
            continue
        title = m.group(2).replace('`', '')
        anchor = re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-')
        if anchor in anchors:
            sys.exit('two headings are called "%s"' % title)
        anchors.add(anchor)
        if len(m.group(1)) in (2, 3):
            toc.append('%s- [%s](#%s)' % ('  ' * (len(m.group(1)) - 2),
                                          title, anchor))
    for target in re.findall(r'\]\(#([^)]*)\)', page):
        if target not in anchors:
            sys.exit('a link leads nowhere: #%s' % target)
    return page.replace('@contents', '\n'.join(toc))


def missing(readers):
    out = []
    for r in readers.values():
        for s in r.sections:
            for n in s.names:
                if not n.text and not s.text:
                    out.append('%s: %s' % (n.header, n.title))
                for names, _, text in n.members:
                    if not text:
                        out.append('%s: %s.%s' % (n.header, n.title,
                                                  ', '.join(names)))
    return out


def main(argv):
    only_missing = argv[:1] == ['--missing']
    include, plan = argv[-2:]
    readers = {}
    for header in HEADERS:
        with open(os.path.join(include, header), encoding='utf-8') as f:
            readers[header] = Reader(header, f.read()).read()
    error_codes(readers['errors.h'])
    if only_missing:
        names = missing(readers)
        print('\n'.join(names))
        return 1 if names else 0
    with open(plan, encoding='utf-8') as f:
        print(Writer(readers).page(f.read().rstrip('\n')))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
