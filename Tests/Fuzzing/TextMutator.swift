/// Changes to a text of words and marks, a chat template: by words, with those of a dictionary.
enum TextMutator {
  static func mutate(
    _ bytes: inout [UInt8], with other: [UInt8], _ random: inout FuzzRandom
  ) {
    var words = split(bytes)
    let donor = split(other)
    for _ in 0...random.below(4) {
      let i = random.below(words.count + 1)
      let part = i..<min(words.count, i + random.size(upTo: 64) - 1)
      switch random.below(7) {
      case 0: words.removeSubrange(part)
      case 1: words.insert(contentsOf: words[part], at: random.below(words.count + 1))
      case 2:
        let from = random.below(donor.count + 1)
        let taken = donor[from..<min(donor.count, from + random.size(upTo: 64))]
        words.replaceSubrange(part, with: taken)
      case 3, 4: words.insert(Array((random.pick(dictionary) ?? "").utf8)[...], at: i)
      case 5 where i < words.count: words[i] = Array((random.pick(dictionary) ?? "").utf8)[...]
      default:
        let times = random.size(upTo: 512)
        words.replaceSubrange(part, with: repeatElement(words[part], count: times).joined())
      }
      if words.count > 20000 { words.removeSubrange(20000...) }
    }
    bytes = Array(words.joined())
    if bytes.count > ByteMutator.largest { bytes.removeSubrange(ByteMutator.largest...) }
  }

  /// Runs of letters, digits and '_'; every other byte alone.
  private static func split(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    func isWord(_ byte: UInt8) -> Bool {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A, 0x80...: return true
      default: return false
      }
    }
    var words: [ArraySlice<UInt8>] = []
    var i = 0
    while i < bytes.count {
      let start = i
      i += 1
      if isWord(bytes[start]) { while i < bytes.count, isWord(bytes[i]) { i += 1 } }
      words.append(bytes[start..<i])
    }
    return words
  }

  private static let dictionary: [String] = [
    "{{ ", " }}", "{% ", " %}", "{%- ", " -%}", "{{- ", " -}}", "{#", "#}", "for x in messages",
    "endfor", "if ", "elif ", "else", "endif", "set x = ", "endset", "macro m(a, b=1)", "endmacro",
    "m(m(1))", "namespace(x=1)", "ns.x = ns.x + 1", "loop.index0", "loop.last", "loop.previtem",
    "range(1000000000)", "range(10)", "range(-1, 100, -1)", " * 1000000000", "'a' * 1000000",
    "[0] * 1000000000", "messages[1:]", "messages[::-1]", "messages[::0]", "[-9223372036854775808]",
    "[9223372036854775807]", "9223372036854775807", "-9223372036854775808", "1 // 0", "1 % 0",
    "1 / 0", "2 ** 100000", " ~ ", " | ", "trim", "tojson", "tojson(indent=100000)", "length",
    "upper", "default('x')", "items", "selectattr('role', 'equalto', 'user')", "join(',')", "list",
    "first", "last", "string", "int", "replace('', 'x')", "indent(1000000)", "batch(0)", "is ",
    "is not defined", "is none", "is string", "is mapping", "is iterable", "in ", "not ", "and ",
    "or ", "raise_exception('x')", "strftime_now('%Y-%m-%d')", "strftime_now('%')", ".strip()",
    ".split('')", ".split()", ".startswith('a')", ".replace('', 'aa')", ".items()", ".get('role')",
    ".__class__", ".upper()", "(", ")", "[", "]", "{", "}", "'", "\"", "\\", "\\u12", "\\x", "0x",
    "1e999", "1.5", "true", "none", "None", "generation", "endgeneration", "include 'x'",
    "import 'x' as y", "block a", "endblock", "raw", "endraw", "filter upper", "endfilter", "call",
    "recursive", "loop(messages)", "cycler(1)", "self", "caller()", "break", "continue", ", ", ":",
    " if x else ", "\u{FEFF}", "\u{1F600}", "e\u{0301}", "\0",
  ]
}
