/// What a run's result depends on, as a number: command, settings, the recipe's files that they
/// name, and the same of every run before it. Folders that other programs filled (a model that was
/// downloaded) are only known by their names. Device and threads count where they are settings.
struct RunFingerprint {
  /// FNV-1a, 64 bits.
  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
    // No text holds this byte, so that "a", "bc" is not "ab", "c".
    add(0xff)
  }

  private mutating func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

  var text: String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// - Parameter before: fingerprints of the runs it needs.
  static func of(
    _ run: RecipePlan.Resolved, files: [RecipeFile], before: [String]
  ) -> String {
    var print = RunFingerprint()
    print.add(run.command.name)
    for setting in run.settings.sorted(by: { $0.name < $1.name }) where setting.name != "threads" {
      print.add(setting.name)
      print.add(setting.value.jsonText())
    }
    print.add("arguments")
    for word in run.words { print.add(word) }
    for file in files where run.files.contains(file.name) {
      print.add(file.name)
      print.add(file.text)
    }
    for other in before { print.add(other) }
    return print.text
  }
}
