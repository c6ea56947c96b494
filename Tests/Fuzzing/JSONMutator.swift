/// Changes to a JSON text that mostly leave it JSON, so that what reads the fields is reached.
enum JSONMutator {
  static func mutate(
    _ bytes: inout [UInt8], with other: [UInt8], _ random: inout FuzzRandom
  ) {
    var json = JSONTokens(bytes)
    let donor = JSONTokens(other)
    for _ in 0...(random.chance(1, in: 2) ? random.below(4) : 0) { change(&json, donor, &random) }
    bytes = json.bytes
    if bytes.count > ByteMutator.largest { bytes.removeSubrange(ByteMutator.largest...) }
  }

  private static func change(
    _ json: inout JSONTokens, _ donor: JSONTokens, _ random: inout FuzzRandom
  ) {
    switch random.below(14) {
    case 0, 1:
      if let i = json.find(&random, json.isNumber) {
        json.tokens[i] = number(near: json.tokens[i], &random)
      }
    case 2:
      if let i = json.find(&random, { json.isString($0) && !json.isKey($0) }) {
        json.tokens[i] = string(donor, &random)
      }
    case 3:
      if let i = json.find(&random, json.isString) { alter(&json.tokens[i], &random) }
    case 4:
      if let value = json.value(&random), let new = donor.value(&random) {
        json.tokens.replaceSubrange(value, with: donor.tokens[new])
      }
    case 5: repeatMember(&json, &random)
    case 6:
      if let value = json.value(&random) { remove(json.member(value), from: &json) }
    case 7:
      if let a = json.value(&random), let b = json.value(&random), a.upperBound <= b.lowerBound {
        let first = Array(json.tokens[a])
        json.tokens.replaceSubrange(a, with: json.tokens[b])
        json.tokens.replaceSubrange(
          (b.lowerBound + b.count - a.count)..<(b.upperBound + b.count - a.count), with: first)
      }
    case 8: nest(&json, &random)
    case 9, 10:
      if let value = json.value(&random) {
        let kinds = ["null", "true", "false", "[]", "{}", "\"\"", "0", "-1", "[[]]", "1e9"]
        json.tokens.replaceSubrange(value, with: [slice(random.pick(kinds) ?? "")])
      }
    case 11:
      if let i = json.find(&random, json.isKey), let k = donor.find(&random, donor.isKey) {
        json.tokens[i] = donor.tokens[k]
      }
    case 12: insertMember(&json, donor, &random)
    default:
      if !json.tokens.isEmpty { json.tokens.remove(at: random.below(json.tokens.count)) }
    }
  }

  private static func slice(_ text: String) -> JSONTokens.Token { Array(text.utf8)[...] }

  static func number(near token: JSONTokens.Token, _ random: inout FuzzRandom)
    -> JSONTokens.Token
  {
    guard let value = Int(String(decoding: token, as: UTF8.self)), random.chance(1, in: 3) else {
      return slice(random.pick(numbers) ?? "0")
    }
    switch random.below(4) {
    case 0: return slice(String(value &+ 1))
    case 1: return slice(String(value &- 1))
    case 2: return slice(String(value &* 2))
    default: return token + [0x30 + UInt8(random.below(10))]
    }
  }

  private static func string(_ donor: JSONTokens, _ random: inout FuzzRandom) -> JSONTokens.Token {
    if random.chance(2, in: 3), let i = donor.find(&random, donor.isString) {
      return donor.tokens[i]
    }
    return slice("\"\(random.pick(strings) ?? "")\"")
  }

  /// Within the quotes.
  private static func alter(_ token: inout JSONTokens.Token, _ random: inout FuzzRandom) {
    var inner = Array(token.dropFirst().dropLast())
    ByteMutator.mutate(&inner, with: Array((random.pick(strings) ?? "").utf8), &random)
    token = ([0x22] + inner + [0x22])[...]
  }

  private static func repeatMember(_ json: inout JSONTokens, _ random: inout FuzzRandom) {
    guard let value = json.value(&random) else { return }
    let member = json.member(value)
    let copy = Array(json.tokens[member])
    let size = copy.reduce(1) { $0 + $1.count }
    let times = random.chance(3, in: 4) ? 1 : min(random.size(upTo: 4096), 32768 / size)
    let text = repeatElement(copy + [slice(",")], count: times).joined()
    json.tokens.insert(contentsOf: text, at: member.lowerBound)
  }

  private static func insertMember(
    _ json: inout JSONTokens, _ donor: JSONTokens, _ random: inout FuzzRandom
  ) {
    guard let place = json.value(&random), let value = donor.value(&random) else { return }
    let text = donor.tokens[donor.member(value)] + [slice(",")]
    json.tokens.insert(contentsOf: text, at: json.member(place).lowerBound)
  }

  private static func remove(_ member: Range<Int>, from json: inout JSONTokens) {
    let hasComma = json.isMark(member.upperBound, ",")
    json.tokens.removeSubrange(member.lowerBound..<(member.upperBound + (hasComma ? 1 : 0)))
  }

  private static func nest(_ json: inout JSONTokens, _ random: inout FuzzRandom) {
    guard let value = json.value(&random) else { return }
    let depth = random.size(upTo: 2000)
    let (open, close) = random.chance(1, in: 2) ? ("[", "]") : ("{\"type\":", "}")
    json.tokens.insert(slice(String(repeating: close, count: depth)), at: value.upperBound)
    json.tokens.insert(slice(String(repeating: open, count: depth)), at: value.lowerBound)
  }

  /// Limits of the types that sizes, ids and offsets have, and what JSON forbids.
  static let numbers: [String] =
    [
      "0", "-0", "1", "-1", "2", "3", "4", "7", "8", "16", "127", "255", "256", "32768", "65535",
      "65536", "100000", "1000000", "100000000", "1073741824", "2147483647", "2147483648",
      "4294967295", "4294967296", "9007199254740993", "4611686018427387904", "9223372036854775807",
      "9223372036854775808", "-9223372036854775808", "18446744073709551615", "1e3", "3.0", "0.5",
      "-0.0", "1e-5", "1e308", "1e309", "-1e309", "1e-320", "1e-400", "0.9999999999999999",
      "NaN", "Infinity", "01", "1.", ".5", "+1", "1e", "0x10",
    ] + [String(repeating: "9", count: 400)]

  /// Names of files, halves of surrogate pairs, pieces of vocabularies and of patterns.
  static let strings: [String] =
    [
      "", " ", "\\u0000", ".", "..", "../outside.safetensors", "inner/inner.safetensors",
      "/etc/hostname", "./a.safetensors", "model.safetensors", "outside.safetensors",
      "..\\\\outside.safetensors", "%2e%2e%2foutside.safetensors", "\\ud800", "\\udc00",
      "\\ud83d\\ude00", "e\\u0301", "\\u00e9", "\u{1F468}\u{200D}\u{1F469}", "\u{2581}", "\u{0120}",
      "<0x00>", "<0xFF>", "<0xZZ>", "<unk>", "<s>", "a", "ab", "a b", "a  b", "\\\\", "\\\"",
      "(?i:'s|'t)|\\\\p{N}{1,3}|\\\\s+(?!\\\\S)|\\\\s+", "(a+)+$", "[^\\\\r\\\\n]", "(",
      "\\\\p{L}+",
      "F32", "F16", "BF16", "F64", "I64", "BOOL", "F8_E4M3", "float16", "auto",
    ] + ["a", "\u{0301}", "\u{FEFF}", "\u{1F600}"].map { String(repeating: $0, count: 3000) }
}
