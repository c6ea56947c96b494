/// An expression as it is written. `depth` counts the levels below it, so that evaluating and freeing
/// a tree never exhausts the stack.
final class JinjaExpression: Sendable {
  let kind: Kind
  let location: JinjaLocation
  let depth: Int

  init(_ kind: Kind, _ location: JinjaLocation, depth: Int) {
    self.kind = kind
    self.location = location
    self.depth = depth
  }

  enum Kind: Sendable {
    case literal(JinjaLiteral)
    case name(String)
    case list([JinjaExpression])
    case tuple([JinjaExpression])
    case mapping([(key: JinjaExpression, value: JinjaExpression)])
    case attribute(JinjaExpression, String)
    case subscripted(JinjaExpression, JinjaExpression)
    case slice(JinjaExpression?, JinjaExpression?, JinjaExpression?)
    case call(JinjaExpression, JinjaCallSyntax)
    case filter(JinjaExpression, JinjaFilterSyntax)
    case test(JinjaExpression, JinjaFilterSyntax, isNegated: Bool)
    case negate(JinjaExpression)
    case plus(JinjaExpression)
    case not(JinjaExpression)
    case and(JinjaExpression, JinjaExpression)
    case or(JinjaExpression, JinjaExpression)
    case arithmetic(JinjaOperator, JinjaExpression, JinjaExpression)
    case concatenation([JinjaExpression])
    /// `a < b <= c`: each operand is evaluated once.
    case comparison(JinjaExpression, [(operation: JinjaComparison, operand: JinjaExpression)])
    case conditional(JinjaExpression, test: JinjaExpression, otherwise: JinjaExpression?)
  }
}

enum JinjaLiteral: Sendable {
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
}

enum JinjaOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case remainder = "%"
  case power = "**"
}

enum JinjaComparison: String, Sendable {
  case equal = "=="
  case unequal = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case contained = "in"
  case notContained = "not in"
}

/// `(a, *b, name=c, **d)`.
struct JinjaCallSyntax: Sendable {
  var positional: [JinjaExpression] = []
  var named: [(name: String, value: JinjaExpression)] = []
  var spread: JinjaExpression?
  var spreadNamed: JinjaExpression?

  var parts: [JinjaExpression] {
    positional + named.map(\.value) + [spread, spreadNamed].compactMap { $0 }
  }
}

/// A filter or test with its arguments.
struct JinjaFilterSyntax: Sendable {
  var name: String
  var arguments: JinjaCallSyntax
}

/// What can stand left of `=` or after `for`.
indirect enum JinjaTarget: Sendable {
  case name(String)
  /// `{% set space.attribute = ... %}`
  case member(String, String, JinjaLocation)
  case tuple([JinjaTarget], JinjaLocation)
}

struct JinjaStatement: Sendable {
  let kind: Kind
  let location: JinjaLocation

  indirect enum Kind: Sendable {
    case text(String)
    case output(JinjaExpression)
    case conditional(
      branches: [(test: JinjaExpression, body: [JinjaStatement])], otherwise: [JinjaStatement])
    case loop(JinjaLoopSyntax)
    case set(JinjaTarget, JinjaExpression)
    /// `{% set x | filter %}...{% endset %}`
    case setBlock(JinjaTarget, [JinjaFilterSyntax], [JinjaStatement])
    case macro(JinjaMacroSyntax)
    /// `{% call(a) macro(b) %}...{% endcall %}`
    case callBlock(JinjaMacroSyntax, JinjaExpression)
    case filterBlock([JinjaFilterSyntax], [JinjaStatement])
    case with([(target: JinjaTarget, value: JinjaExpression)], [JinjaStatement])
    /// transformers' tag: what is inside was written by the assistant.
    case generation([JinjaStatement])
    case breakLoop
    case continueLoop
  }
}

struct JinjaLoopSyntax: Sendable {
  var target: JinjaTarget
  var items: JinjaExpression
  var test: JinjaExpression?
  var body: [JinjaStatement]
  var otherwise: [JinjaStatement]
}

struct JinjaMacroSyntax: Sendable {
  var name: String
  var parameters: [(name: String, value: JinjaExpression?)]
  var body: [JinjaStatement]
  /// Whether the body reads `varargs`, `kwargs`, `caller`: only then are they taken.
  var takesRest = false
  var takesNamedRest = false
  var takesCaller = false
}
