"""Random small Jinja templates for check_templates.py: expressions over a fixed set of names, most of
them of fitting types, and statements around them."""

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

    def pick(self, items):
        return self.random.choice(items)

    def integer(self, depth):
        if depth <= 0:
            return self.pick(["n", "m", "z", "0", "1", "2", "13", "-1", "1_000", "0x1f", "t"])
        a, b = self.integer(depth - 1), self.integer(depth - 1)
        return self.pick([
            f"({a} + {b})", f"{a} - {b}", f"{a} * {b}", f"{a} // {b}", f"{a} % {b}", f"(-{a})",
            f"{self.string(depth - 1)}|length", f"{self.list(depth - 1)}|length",
            f"({self.number(depth - 1)})|int", f"{self.string(depth - 1)}|int({a})",
            f"({a} if {self.truth(depth - 1)} else {b})", f"{self.list(depth - 1)}|count",
            f"{self.string(depth - 1)}.count({self.string(0)})",
            f"{self.string(depth - 1)}.find({self.string(0)})", "rows[0].n", "d.b", "d['b']",
            f"{self.integer(0)} ** 2", f"({a})|abs", f"{self.string(depth - 1)}|wordcount", f"+{a}",
        ])

    def number(self, depth):
        if depth <= 0:
            return self.pick(["f", "g", "big", "1.5", "0.1", "1e3", "2.50e-7", "n", "1e22", "100.0"])
        a, b = self.number(depth - 1), self.number(depth - 1)
        return self.pick([
            f"({a} + {b})", f"{a} - {b}", f"{a} * {b}", f"{a} / {b}", f"{a} // {b}", f"{a} % {b}",
            f"({a})|round", f"({a})|round(1)", f"({a})|round(2, 'floor')", f"({a})|round(1, 'ceil')",
            f"({self.string(depth - 1)})|float", f"({a})|abs", f"-{a}", f"{self.integer(depth - 1)}",
            f"{self.number(0)} ** 2",
        ])

    def string(self, depth):
        if depth <= 0:
            return self.pick([
                "s", "w", "e", "q", "x", "h", "'a'", '"b c"', "'l'", "'\\n'", "'o'", "'\\u00e9\\x41'",
                "', '", "'x' 'y'", "'Ab-cd (ef'", "'12'", "' 3.5 '", "'\\d'", "d.B", "rows[1].content",
            ])
        a, b = self.string(depth - 1), self.string(depth - 1)
        i, j = self.integer(0), self.integer(0)
        return self.pick([
            f"({a} + {b})", f"({a} ~ {b})", f"({a} ~ {self.any(depth - 1)})", f"({a}|trim)",
            f"{a}.strip()", f"{a}.lstrip()", f"{a}.rstrip()", f"{a}.strip({b})",
            f"{a}.upper()", f"({a}|lower)", f"{a}.title()", f"({a}|title)", f"({a}|capitalize)",
            f"{a}.capitalize()", f"({a})[{i}:{j}]", f"({a})[::-1]", f"({a})[{i}:]", f"({a})[:{i}]",
            f"({a})[{i}]", f"{a}.replace({b}, {self.string(0)})", f"({a}|replace({b}, 'R', 2))",
            f"{a}.split({b})[0]", f"{a}.split({b})[-1]", f"({self.any(depth - 1)}|string)",
            f"({self.list(depth - 1)}|join({b}))", f"({self.any(depth - 1)}|tojson)",
            f"({self.any(depth - 1)}|tojson(indent=2))", f"({a}|indent(2))", f"({a}|indent(3, true))",
            f"({a} if {self.truth(depth - 1)} else {b})", f"({a}|default('D'))",
            f"(nope|default({a}))", f"({a}|d({b}, true))", f"({a} or {b})", f"({a} and {b})",
            f"('%s-%05.1f|%3d' % ({a}, {self.number(0)}, {i}))", f"('%s' % {a})",
            f"('{{}}%s'|format({a}))", f"({a} * 2)", f"({a}|first)", f"({a}|last)", f"({a}|reverse)",
            f"{a}.removeprefix({b})", f"{a}.removesuffix({b})", f"({self.list(depth - 1)}|first)",
            f"{a}.partition({b})[2]", f"{a}.rpartition({b})[0]", f"({a}|escape)", f"({a}|safe)",
            f"{a}.zfill(6)", f"{a}.ljust(8)", f"{a}.rjust(8, '.')", f"{a}.center(9)", f"({a}|center(9))",
            f"({a}|trim({b}))", f"{a}.lower()", f"{a}.splitlines()[0]",
        ])

    def list(self, depth):
        if depth <= 0:
            return self.pick(["l", "ls", "le", "lm", "[1, 'a']", "rows", "(1, 2)", "range(4)", "[]"])
        a, b = self.list(depth - 1), self.list(depth - 1)
        s, i, j = self.string(depth - 1), self.integer(0), self.integer(0)
        return self.pick([
            f"({a} + {b})", f"({a})[{i}:{j}]", f"({a})[1:]", f"({a})[::-1]", f"({a})[:-1]",
            f"({a})[::{i}]", f"{s}.split()", f"{s}.split({self.string(0)}, 1)", f"{s}.rsplit(' ', 1)",
            f"({s}|list)", f"({a}|list)", f"({a}|reverse|list)", f"({a}|sort)",
            f"(ls|sort(reverse=true))", f"(ls|unique|list)", f"(rows|map(attribute='role')|list)",
            f"(rows|selectattr('role', 'equalto', 'user')|list)", f"(rows|rejectattr('extra')|list)",
            f"(rows|rejectattr('role', 'in', ['user'])|map(attribute='n')|list)",
            f"(ls|map('upper')|list)", f"({a}|select|list)", f"({a}|reject('none')|list)",
            f"({a}|select('string')|list)", f"(d|items|list)", f"(d.keys()|list)", f"(d|dictsort)",
            f"(d|dictsort(true, reverse=true))", f"[{self.any(depth - 1)}, {self.any(depth - 1)}]",
            f"({a}|batch(2)|list)", f"(rows|sort(attribute='n'))", f"(rows|map(attribute='sub.k')|list)",
            f"(rows|map(attribute='extra', default='?')|list)", f"({a} * 2)", f"(d.values()|list)",
            f"{s}.splitlines()", f"range({i}, 5, 2)|list", f"({a} if {self.truth(0)} else {b})",
        ])

    def mapping(self, depth):
        if depth <= 0:
            return self.pick(["d", "rows[0]", "rows[-1]", "{}", "{'k': 1}", "d['key with space']"])
        return self.pick([
            f"{{'a': {self.any(depth - 1)}, {self.string(0)}: {self.any(depth - 1)}}}",
            f"{{1: {self.any(depth - 1)}, true: 2, none: 3}}", f"dict(a={self.any(depth - 1)}, b=1)",
            f"dict(d, z={self.any(0)})", f"({self.mapping(0)} or {self.mapping(0)})",
        ])

    def truth(self, depth):
        if depth <= 0:
            return self.pick(["t", "u", "true", "False", "nil", "s", "e", "n", "z", "le", "nope", "d"])
        a, b = self.any(depth - 1), self.any(depth - 1)
        kind = self.pick([
            "defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "number",
            "integer", "float", "boolean", "true", "false", "callable", "not defined", "not none"])
        return self.pick([
            f"{a} == {b}", f"{a} != {b}", f"not {a}", f"({a} and {b})", f"({a} or {b})",
            f"{a} is {kind}", f"nope is {kind}", f"rows[0].zip is {kind}",
            f"{self.integer(depth - 1)} < {self.number(depth - 1)}",
            f"{self.integer(0)} < {self.integer(0)} <= {self.integer(0)}",
            f"{self.string(depth - 1)} in {self.string(depth - 1)}",
            f"{a} in {self.list(depth - 1)}", f"{a} not in {self.list(depth - 1)}",
            f"{self.string(0)} in {self.mapping(depth - 1)}", f"{self.string(0)} < {self.string(0)}",
            f"{self.integer(depth - 1)} is odd", f"{self.integer(depth - 1)} is divisibleby 3",
            f"{self.integer(0)} is even", f"{a} is eq({b})", f"{a} is sameas none",
            f"{self.string(depth - 1)}.startswith({self.string(0)})",
            f"{self.string(depth - 1)}.endswith(({self.string(0)}, 'x'))", f"{self.string(0)} is upper",
            f"{self.string(0)} is lower", f"{self.string(0)}.isdigit()", f"{self.string(0)}.isalpha()",
            f"{self.string(0)}.isupper()", f"{self.list(0)} < {self.list(0)}", f"{a} is in {self.list(0)}",
            f"not {self.string(0)} in {self.list(0)}",
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
        return "{% set ns = namespace(k=0) %}{% set v = 0 %}" + self.block(3)
