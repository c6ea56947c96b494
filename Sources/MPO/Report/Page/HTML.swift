/// Text of an HTML page that is also well-formed XML, so that a test can read it back.
struct HTML {
  private(set) var text = ""

  /// Markup as it is.
  mutating func raw(_ markup: String) { text += markup + "\n" }

  /// `<name attributes>` around what `body` adds.
  mutating func element(
    _ name: String, _ attributes: [(String, String)] = [], _ body: (inout HTML) -> Void
  ) {
    text += Self.open(name, attributes) + "\n"
    body(&self)
    text += "</\(name)>\n"
  }

  /// `<name attributes>text</name>`; the text is escaped.
  mutating func leaf(_ name: String, _ content: String, _ attributes: [(String, String)] = []) {
    text += Self.open(name, attributes) + Self.escaped(content) + "</\(name)>\n"
  }

  static func open(_ name: String, _ attributes: [(String, String)] = []) -> String {
    "<\(name)" + attributes.map { " \($0.0)=\"\(SVG.escaped($0.1))\"" }.joined() + ">"
  }

  /// Text from anywhere, line ends kept. Characters that are not allowed become U+FFFD; those that
  /// turn the reading direction of what follows are made visible.
  static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x26: out += "&amp;"
      case 0x3C: out += "&lt;"
      case 0x3E: out += "&gt;"
      case 0x22: out += "&quot;"
      case 0x27: out += "&#39;"
      case 0x0A: out += "\n"
      case 0x09: out += "\t"
      case 0x0D: out += "&#9229;"
      case 0x202A...0x202E, 0x2066...0x2069, 0..<0x20, 0x7F...0x9F, 0xFFFE, 0xFFFF:
        out += "\u{FFFD}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
