"""Random small Jinja templates for check_templates.py: expressions over a fixed set of names, most of
them of fitting types, and statements around them."""
import re

CONTEXT = {
    "n": 7, "m": -3, "z": 0, "f": 2.5, "g": -0.125, "big": 1e17, "t": True, "u": False, "nil": None,
    "s": "Hello, World", "w": "  two  words \n", "e": "", "q": "it's \"quoted\" \\ tab\t",
    "x": "na\u00efve caf\u00e9 \u4f60\u597d \U0001f600 \u00df \u03a3\u03a3", "h": "<b>&amp;</b>",
    "d": {"b": 2, "a": [1, 2.0, None], "B": "x", "key with space": {"k": "v"}, "items": 1},
    "l": [3, 1, 2], "ls": ["b", "A", "c", "a", "b"], "le": [], "lm": [1, "1", 1.5, None, True],
    "rows": [
        {"role": "user", "content": "hi", "n": 3, "sub": {"k": 1}},
        {"role": "assistant", "content": " there ", "n": 1, "sub": {"k": 0}},
        {"role": "user", "content": "bye\n", "n": 2, "extra": None},
    ],
}


class Snippets:
    def __init__(self, random):
        self.random = random
        self.kinds = {
            "I": self.integer, "N": self.number, "S": self.string, "L": self.list,
            "M": self.mapping, "T": self.truth, "A": self.any, "K": self.kind}

    def pick(self, items):
        return self.random.choice(items)

    def grow(self, depth, forms):
        """One of the forms, its places (`<S>` a string, `<I0>` a whole number that is a leaf) filled."""
        def fill(place):
            kind, leaf = place.group(1), place.group(2)
            return self.kinds[kind](0 if leaf else depth - 1)

        return re.sub(r"<([INSLMTAK])(0?)>", fill, self.pick(forms))

    def kind(self, depth):
        return self.pick([
            "defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "number",
            "integer", "float", "boolean", "true", "false", "callable", "not defined", "not none"])

    def integer(self, depth):
        if depth <= 0:
            return self.pick(["n", "m", "z", "0", "1", "2", "13", "-1", "1_000", "0x1f", "t"])
        return self.grow(depth, [
            "(<I> + <I>)", "<I> - <I>", "<I> * <I>", "<I> // <I>", "<I> % <I>", "(-<I>)",
            "<S>|length", "<L>|length",
            "(<N>)|int", "<S>|int(<I>)",
            "(<I> if <T> else <I>)", "<L>|count",
            "<S>.count(<S0>)",
            "<S>.find(<S0>)", "rows[0].n", "d.b", "d['b']",
            "<I0> ** 2", "(<I>)|abs", "<S>|wordcount", "+<I>",
        ])

    def number(self, depth):
        if depth <= 0:
            return self.pick(["f", "g", "big", "1.5", "0.1", "1e3", "2.50e-7", "n", "1e22", "100.0"])
        return self.grow(depth, [
            "(<N> + <N>)", "<N> - <N>", "<N> * <N>", "<N> / <N>", "<N> // <N>", "<N> % <N>",
            "(<N>)|round", "(<N>)|round(1)", "(<N>)|round(2, 'floor')", "(<N>)|round(1, 'ceil')",
            "(<S>)|float", "(<N>)|abs", "-<N>", "<I>",
            "<N0> ** 2",
        ])

    def string(self, depth):
        if depth <= 0:
            return self.pick([
                "s", "w", "e", "q", "x", "h", "'a'", '"b c"', "'l'", "'\\n'", "'o'", "'\\u00e9\\x41'",
                "', '", "'x' 'y'", "'Ab-cd (ef'", "'12'", "' 3.5 '", "'\\d'", "d.B", "rows[1].content",
            ])
        return self.grow(depth, [
            "(<S> + <S>)", "(<S> ~ <S>)", "(<S> ~ <A>)", "(<S>|trim)",
            "<S>.strip()", "<S>.lstrip()", "<S>.rstrip()", "<S>.strip(<S>)",
            "<S>.upper()", "(<S>|lower)", "<S>.title()", "(<S>|title)", "(<S>|capitalize)",
            "<S>.capitalize()", "(<S>)[<I0>:<I0>]", "(<S>)[::-1]", "(<S>)[<I0>:]", "(<S>)[:<I0>]",
            "(<S>)[<I0>]", "<S>.replace(<S>, <S0>)", "(<S>|replace(<S>, 'R', 2))",
            "<S>.split(<S>)[0]", "<S>.split(<S>)[-1]", "(<A>|string)",
            "(<L>|join(<S>))", "(<A>|tojson)",
            "(<A>|tojson(indent=2))", "(<S>|indent(2))", "(<S>|indent(3, true))",
            "(<S> if <T> else <S>)", "(<S>|default('D'))",
            "(nope|default(<S>))", "(<S>|d(<S>, true))", "(<S> or <S>)", "(<S> and <S>)",
            "('%s-%05.1f|%3d' % (<S>, <N0>, <I0>))", "('%s' % <S>)",
            "('{}%s'|format(<S>))", "(<S> * 2)", "(<S>|first)", "(<S>|last)", "(<S>|reverse)",
            "<S>.removeprefix(<S>)", "<S>.removesuffix(<S>)", "(<L>|first)",
            "<S>.partition(<S>)[2]", "<S>.rpartition(<S>)[0]", "(<S>|escape)", "(<S>|safe)",
            "<S>.zfill(6)", "<S>.ljust(8)", "<S>.rjust(8, '.')", "<S>.center(9)", "(<S>|center(9))",
            "(<S>|trim(<S>))", "<S>.lower()", "<S>.splitlines()[0]",
        ])

    def list(self, depth):
        if depth <= 0:
            return self.pick(["l", "ls", "le", "lm", "[1, 'a']", "rows", "(1, 2)", "range(4)", "[]"])
        return self.grow(depth, [
            "(<L> + <L>)", "(<L>)[<I0>:<I0>]", "(<L>)[1:]", "(<L>)[::-1]", "(<L>)[:-1]",
            "(<L>)[::<I0>]", "<S>.split()", "<S>.split(<S0>, 1)", "<S>.rsplit(' ', 1)",
            "(<S>|list)", "(<L>|list)", "(<L>|reverse|list)", "(<L>|sort)",
            "(ls|sort(reverse=true))", "(ls|unique|list)", "(rows|map(attribute='role')|list)",
            "(rows|selectattr('role', 'equalto', 'user')|list)", "(rows|rejectattr('extra')|list)",
            "(rows|rejectattr('role', 'in', ['user'])|map(attribute='n')|list)",
            "(ls|map('upper')|list)", "(<L>|select|list)", "(<L>|reject('none')|list)",
            "(<L>|select('string')|list)", "(d|items|list)", "(d.keys()|list)", "(d|dictsort)",
            "(d|dictsort(true, reverse=true))", "[<A>, <A>]",
            "(<L>|batch(2)|list)", "(rows|sort(attribute='n'))", "(rows|map(attribute='sub.k')|list)",
            "(rows|map(attribute='extra', default='?')|list)", "(<L> * 2)", "(d.values()|list)",
            "<S>.splitlines()", "range(<I0>, 5, 2)|list", "(<L> if <T0> else <L>)",
        ])

    def mapping(self, depth):
        if depth <= 0:
            return self.pick(["d", "rows[0]", "rows[-1]", "{}", "{'k': 1}", "d['key with space']"])
        return self.grow(depth, [
            "{'a': <A>, <S0>: <A>}",
            "{1: <A>, true: 2, none: 3}", "dict(a=<A>, b=1)",
            "dict(d, z=<A0>)", "(<M0> or <M0>)",
        ])

    def truth(self, depth):
        if depth <= 0:
            return self.pick(["t", "u", "true", "False", "nil", "s", "e", "n", "z", "le", "nope", "d"])
        return self.grow(depth, [
            "<A> == <A>", "<A> != <A>", "not <A>", "(<A> and <A>)", "(<A> or <A>)",
            "<A> is <K>", "nope is <K>", "rows[0].zip is <K>",
            "<I> < <N>",
            "<I0> < <I0> <= <I0>",
            "<S> in <S>",
            "<A> in <L>", "<A> not in <L>",
            "<S0> in <M>", "<S0> < <S0>",
            "<I> is odd", "<I> is divisibleby 3",
            "<I0> is even", "<A> is eq(<A>)", "<A> is sameas none",
            "<S>.startswith(<S0>)",
            "<S>.endswith((<S0>, 'x'))", "<S0> is upper",
            "<S0> is lower", "<S0>.isdigit()", "<S0>.isalpha()",
            "<S0>.isupper()", "<L0> < <L0>", "<A> is in <L0>",
            "not <S0> in <L0>",
        ])

    def any(self, depth):
        kind = self.pick([
            self.integer, self.number, self.string, self.string, self.list, self.mapping, self.truth])
        if self.random.random() < 0.05:
            return self.pick([
                "nope", "rows[9]", "d.nope", "d.get('b')", "d.get('no', 5)", "rows[0]['role']", "nil",
                "d.items", "d['items']", "s.nope", "l[9]", "l|max", "l|min", "ls|max", "l|sum",
                "rows|sum(attribute='n')", "rows|max(attribute='n')", "f.nope", "nope.nope", "1 in 2"])
        return kind(depth)

    def space(self):
        return self.pick(["", "", " ", "\n", "  \n", "\n  ", "\t", "text ", " \n\n  x", "a\n"])

    def tag(self, inside):
        left, right = self.pick(["", "", "-", "+"]), self.pick(["", "", "-", "+"])
        return "{%" + left + " " + inside + " " + right + "%}"

    def output(self, depth):
        return "{{" + self.pick(["", "-"]) + " " + self.any(depth) + " " + self.pick(["", "-"]) + "}}"

    def statement(self, depth):
        if depth <= 0 or self.random.random() < 0.3:
            return self.pick([
                self.output(2), self.output(1), "{#" + self.pick(["-", "", "+"]) + " note }} "
                + self.pick(["-", "", "+"]) + "#}", "text", self.tag(f"set v = {self.any(2)}"),
                "{{ v }}", self.tag("set ns.k = " + self.any(1)), "{{ ns.k }}", "{{ loop.index }}",
                "{{ loop.last }}{{ loop.revindex }}", self.tag(f"set a, b = {self.any(0)}, 1") + "{{ a }}",
            ])
        body, other = self.block(depth - 1), self.block(depth - 1)
        return self.pick([
            self.tag("if " + self.truth(1)) + body + self.tag("else") + other + self.tag("endif"),
            self.tag("if " + self.truth(1)) + body + self.tag("elif " + self.truth(1)) + other
            + self.tag("endif"),
            self.tag("for i in " + self.list(1)) + "{{ i }}" + body + self.tag("endfor"),
            self.tag("for i in " + self.list(1) + " if " + self.truth(0)) + body + self.tag("else")
            + other + self.tag("endfor"),
            self.tag("for k, v in d.items()") + "{{ k }}{{ loop.first }}" + body + self.tag("endfor"),
            self.tag("for r in rows") + "{{ loop.previtem.role }}{{ loop.nextitem is defined }}"
            + self.tag("if r.n == 1") + self.tag(self.pick(["break", "continue"])) + self.tag("endif")
            + body + self.tag("endfor"),
            self.tag("set v") + body + self.tag("endset") + "[{{ v }}]",
            self.tag("set v | upper | trim") + body + self.tag("endset") + "[{{ v }}]",
            self.tag("filter " + self.pick(["upper", "trim", "replace('a', 'b')", "length"])) + body
            + self.tag("endfilter"),
            self.tag("macro mm(p, o=" + self.any(0) + ")") + "{{ p }}/{{ o }}" + body
            + self.tag("endmacro") + "{{ mm(" + self.any(1) + ") }}{{ mm(1, o=2) }}{{ mm() }}",
            self.tag("with a = " + self.any(1) + ", b = 2") + "{{ a }}" + body + self.tag("endwith"),
            self.tag("macro c(p)") + "<{{ caller(p) }}>" + self.tag("endmacro")
            + self.tag("call(y) c(" + self.any(0) + ")") + "{{ y }}" + body + self.tag("endcall"),
            self.tag("generation") + body + self.tag("endgeneration"),
            "{%" + self.pick(["", "-"]) + " raw %}{{ " + self.space() + " {% x %}" + self.tag("endraw"),
        ])

    def block(self, depth):
        return "".join(
            self.space() + self.statement(depth) for _ in range(self.random.randint(1, 3))) + self.space()

    def template(self):
        if self.random.random() < 0.6:
            return "{{ " + self.any(self.random.randint(1, 3)) + " }}"
        return "{% set ns = namespace(k=0) %}{% set v = 0 %}" + self.block(2)
