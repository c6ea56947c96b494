import MPOModel
import Testing

@Suite struct JSONValueTests {
  private func message(_ text: String) -> String {
    do { return "accepted \(try JSONValue(parsing: text, path: "f"))" } catch { return "\(error)" }
  }

  @Test func keepsKinds() throws {
    let value = try JSONValue(
      parsing: #"[1, 1.0, -0, 1e2, true, null, "a\u00e9\ud83d\ude00\/", {}, []]"#, path: "f")
    #expect(
      value
        == .array([
          .integer(1), .number(1), .integer(0), .number(100), .bool(true), .null,
          .string("aé😀/"), .object(.init()), .array([]),
        ]))
    #expect(try JSONValue(parsing: value.serialized(), path: "f") == value)
    #expect(try JSONValue(parsing: value.serialized(indent: 0), path: "f") == value)
    #expect(
      try JSONValue(parsing: "\u{FEFF} 12345678901234567890 ", path: "f").double
        == 1.2345678901234567e19)
  }

  /// Canonically equivalent names are different names.
  @Test func comparesNamesByBytes() throws {
    let value = try JSONValue(parsing: "{\"\u{E9}\": 1, \"e\u{301}\": 2}", path: "f")
    #expect(value.object?.members.count == 2)
  }

  @Test(arguments: [
    ("", "line 1, column 1: expected a value, found the end"),
    ("{\n \"a\": 1,\n}", "line 3, column 1: expected a name in quotes, found '}'"),
    ("[1 2]", "line 1, column 4: expected ',' or ']', found '2'"),
    ("{\"a\":1,\"a\":2}", "column 8: the name \"a\" occurs twice"),
    ("[01]", "without leading zeros"), ("[1.]", "digits after the point"), ("[-]", "a value"),
    ("[1e]", "digits in the exponent"), ("[1e999]", "64 bits"), ("[NaN]", "found 'N'"),
    ("nul", "expected 'null'"), ("\"abc", "ends the text"), ("\"\\x\"", "after a backslash"),
    ("\"\\ud800\"", "surrogate"), ("\"\\u12g4\"", "hexadecimal"), ("\"a\nb\"", "control"),
    ("{} x", "expected the end of the file, found 'x'"),
  ])
  func refuses(_ text: String, _ expected: String) {
    #expect(message(text).contains(expected), "\(message(text))")
  }

  @Test func refusesInvalidUTF8() {
    let bytes: [UInt8] = [0x22, 0xC3, 0x28, 0x22]
    #expect(throws: ModelError.self) {
      try bytes.withUnsafeBytes { try JSONValue(parsing: $0, path: "f") }
    }
  }
}
