import Foundation

/// Text of an SVG picture, one element a line.
struct SVGWriter {
  private(set) var text = ""

  mutating func add(_ line: String) { text += line + "\n" }

  /// A text element; `x`, `y` is its anchor on the baseline.
  mutating func label(
    _ label: String, x: Double, y: Double, classes: String, anchor: TextAnchor = .start
  ) {
    add(
      "<text class=\"\(classes)\" x=\"\(SVG.number(x))\" y=\"\(SVG.number(y))\""
        + "\(anchor.attribute)>\(SVG.escaped(label))</text>")
  }

  mutating func line(
    _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), classes: String
  ) {
    add(
      "<path class=\"\(classes)\" d=\"M\(SVG.number(from.x)) \(SVG.number(from.y))"
        + "L\(SVG.number(to.x)) \(SVG.number(to.y))\"/>")
  }
}

enum TextAnchor: String {
  case start, middle, end
  var attribute: String { self == .start ? "" : " text-anchor=\"\(rawValue)\"" }
}

enum SVG {
  /// For text and attributes. Characters that XML 1.0 does not allow become U+FFFD.
  static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "\n", "\r", "\t": out += " "
      default:
        let isAllowed = scalar.value >= 32 && scalar.value != 0xFFFE && scalar.value != 0xFFFF
        out.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}")
      }
    }
    return out
  }

  /// Pixels to a tenth: finer is not seen and doubles the file.
  static func number(_ value: Double) -> String {
    let tenths = (value * 10).rounded()
    guard abs(tenths) < 1e9 else { return "0" }
    let whole = Int(tenths)
    if whole % 10 == 0 { return String(whole / 10) }
    return "\(whole < 0 ? "-" : "")\(abs(whole) / 10).\(abs(whole) % 10)"
  }

  /// `M x y L x y ...`; a new piece after every nil.
  static func path(_ points: [(x: Double, y: Double)?]) -> String {
    var out = ""
    var isOpen = false
    for point in points {
      guard let point else {
        isOpen = false
        continue
      }
      out += (isOpen ? "L" : "M") + "\(number(point.x)) \(number(point.y))"
      isOpen = true
    }
    return out
  }

  /// An upper estimate in pixels, since the reader's font is not known: wide enough for common
  /// system fonts; ideographs and symbols count as a full square.
  static func width(_ text: String, size: Double) -> Double {
    text.unicodeScalars.reduce(0) { sum, scalar in
      let share: Double
      switch scalar.value {
      case 0x300...0x36F: share = 0
      case 0x1100...: share = 1
      default:
        let isNarrow = "iljtfrI.,:;|!' ()[]".unicodeScalars.contains(scalar)
        share = isNarrow ? 0.42 : ("mwMW@%".unicodeScalars.contains(scalar) ? 0.98 : 0.64)
      }
      return sum + share * size
    }
  }

  /// Cut with an ellipsis to fit.
  static func fitted(_ text: String, width limit: Double, size: Double) -> String {
    guard width(text, size: size) > limit else { return text }
    var cut = Substring(text)
    while !cut.isEmpty, width(cut + "…", size: size) > limit { cut = cut.dropLast() }
    return cut + "…"
  }
}

extension SVG {
  private static func width(_ text: Substring, size: Double) -> Double {
    width(String(text), size: size)
  }
}
