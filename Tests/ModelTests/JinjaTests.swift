import Foundation
import MPOModel
import Testing

@Suite struct JinjaTests {
  static func render(
    _ template: String, _ context: String = "{}", limits: JinjaLimits = JinjaLimits()
  ) throws -> String {
    let names = try JSONValue(parsing: context, path: "context").object ?? JSONObject()
    return try JinjaTemplate(template, name: "T").render(names, limits: limits).text
  }

  static func refusal(_ template: String, limits: JinjaLimits = JinjaLimits()) -> String {
    let error = #expect(throws: JinjaError.self) { try render(template, limits: limits) }
    return error?.description ?? ""
  }

  /// Expected texts are Jinja2's own, as tools/check_templates.py sets it up.
  @Test(arguments: [
    ("  {% if true %}\n a\n  {% endif %}\nb\n", " a\nb"),
    ("x {%- if 1 %} y {%+ endif %}z", "x y z"), ("{# a #}\n  {#- b -#}  c", "c"),
    ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"), ("a\r\nb\r\n", "a\nb"),
    (
      "{{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 7 // -2 }} {{ -7 % 3 }} {{ 2 ** 3 }}",
      "1e+16 1e-05 0.30000000000000004 -4 2 8"
    ),
    ("{{ [1, 'a', none, true, 'it\\'s'] }}", "[1, 'a', None, True, \"it's\"]"),
    ("{{ 'abc'[::-1] }}{{ [1,2,3][-2:] }}{{ 'x' in 'xyz' }}", "cba[2, 3]True"),
    ("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{{ loop.last }}{% endfor %}", "a1True"),
    ("{% for i in [1,2,3] if i > 1 %}{{ loop.index }}{{ i }}{% else %}e{% endfor %}", "1223"),
    (
      "{% set n = namespace(x=0) %}{% for i in range(4) %}{% if i == 3 %}{% break %}{% endif %}"
        + "{% set n.x = n.x + i %}{% endfor %}{{ n.x }}", "3"
    ),
    ("{% macro m(a, b=2) %}{{ a }}{{ b }}{{ kwargs }}{% endmacro %}{{ m(1, c=3) }}", "12{'c': 3}"),
    ("{% set v %} a {% endset %}[{{ v | trim | upper }}]", "[A]"),
    ("{{ {'b': 1.0, 'a': '\u{E9}<'} | tojson }}", "{\"b\": 1.0, \"a\": \"\u{E9}<\"}"),
    ("{{ nope }}{{ nope is defined }}{{ nope | default('d') }}", "Falsed"),
    ("{{ 'e\u{301}' | length }}{{ 'e\u{301}' == '\u{E9}' }}", "2False"),
  ])
  func renders(_ template: String, _ expected: String) throws {
    #expect(try Self.render(template) == expected)
  }

  @Test(arguments: [
    ("a\n {% bogus %}", "T: line 2, column 5: expected a tag that Jinja knows, found 'bogus'"),
    ("{% include 'x' %}", "T: line 1, column 4: the tag 'include' is not supported"),
    ("{{ x | nofilter }}", "T: line 1, column 6: the filter 'nofilter' is not supported"),
    ("\n{{ x is oddly }}", "T: line 2, column 6: the test 'oddly' is not supported"),
    ("{% if x %}", "line 1, column 4: expected '{% elif %}' or '{% else %}' or '{% endif %}'"),
    ("{{ (1 }}", "line 1, column 7: expected ')', found '}'"), ("{{ 'a }}", "that ends this text"),
    ("{{ nope.x }}", "T: line 1, column 8: 'nope' is undefined"),
    ("{{ 1 / 0 }}", "division by zero"),
    ("{{ [].append(1) }}", "which the sandbox of chat templates forbids"),
    ("{{ ''.__class__ }}", "the sandbox allows"), ("{{ cycler(1) }}", "is not supported"),
    ("{{ raise_exception('no ' ~ 1) }}", "the template refuses the conversation: no 1"),
    ("{% break %}", "outside of a loop"), ("{{ 9223372036854775807 + 1 }}", "64 bits"),
  ])
  func refusesWithPlace(_ template: String, _ expected: String) {
    let found = Self.refusal(template)
    #expect(found.contains(expected), "\(found)")
  }

  /// Nothing that a template asks for hangs, fills the memory or overflows the stack.
  @Test(arguments: [
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{{ 'a' * 10 ** 12 }}", "{{ [0] * 10 ** 12 }}", "{{ range(10 ** 9) }}",
    "{{ '%999999999d' % 1 }}", "{{ 'a' | center(10 ** 12) }}",
    "{{ ('a' * 9999999).replace('', 'b' * 9999) }}",
    "{% set n = namespace(s='aaaaaaaa') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    "{% set n = namespace(l=[0]) %}{% for i in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}",
    "{% set n = namespace(l=[0]) %}{% for i in range(9999) %}{% set n.l = [n.l] %}{% endfor %}",
    "{% set n = namespace(l=[0]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for i in range(99999) %}{{ 'a' * 9999 }}{% endfor %}",
  ])
  func staysInBounds(_ template: String) {
    var limits = JinjaLimits()
    limits.steps = 1_000_000
    limits.memory = 64 << 20
    limits.text = 8 << 20
    let found = Self.refusal(template, limits: limits)
    #expect(found.contains("the template was stopped"), "\(found)")
  }

  @Test func deepSyntaxIsRefused() {
    let n = 50_000
    func times(_ text: String) -> String { String(repeating: text, count: n) }
    for template in [
      "{{ \(times("("))1\(times(")")) }}", "{{ 1\(times(" + 1")) }}", "{{ \(times("not "))1 }}",
      "{{ \(times("-"))1 }}", times("{% if 1 %}"), "{{ x\(times(".a")) }}",
      "{{ x\(times("|trim")) }}",
      "{{ \(times("["))", "{{ 1\(times(" if 1 else 1")) }}",
    ] { _ = Self.refusal(template) }
  }

  /// Cycles of namespaces and macros end with the rendering.
  @Test func cyclesAreNoTrouble() throws {
    let text = try Self.render(
      "{% set n = namespace() %}{% for i in range(9999) %}{% set n.x = namespace(x=n) %}"
        + "{% set n.x = namespace(x=n.x) %}{% endfor %}{% macro m() %}{{ m is defined }}{% endmacro %}"
        + "{{ m() }}")
    #expect(text == "True")
  }

  @Test func strftimeNow() throws {
    let template = try JinjaTemplate("{{ strftime_now('%Y') }}")
    let date = Date(timeIntervalSince1970: 1_000_000_000)
    #expect(try template.render(JSONObject(), now: date).text == "2001")
  }
}
