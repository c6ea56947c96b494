import Foundation

/// Short names for folders, and what of a name is a seed.
enum RunNames {
  /// What tells the folders apart: their paths without the part that all share. A name that would
  /// be a seed alone keeps its parent's name, which is that of the setting.
  static func names(_ folders: [String]) -> [String] {
    let parts = folders.map { folder in
      URL(fileURLWithPath: folder).standardizedFileURL.pathComponents.filter { $0 != "/" }
    }
    guard let first = parts.first else { return [] }
    var shared = 0
    while parts.allSatisfy({ $0.count > shared + 1 && $0[shared] == first[shared] }) { shared += 1 }
    while shared > 0,
      parts.contains(where: {
        seed(in: $0[shared...].joined(separator: "/")) != nil
          && setting(of: $0[shared...].joined(separator: "/")).isEmpty
      })
    { shared -= 1 }
    return parts.map { $0.isEmpty ? "/" : $0[shared...].joined(separator: "/") }
  }

  /// `mpo/seed-3`, `mpo_seed3` and `mpo-s3` are seed 3 of `mpo`; nil for a name that is no seed's.
  static func seed(in name: String) -> Int? { split(name)?.seed }

  /// The name without its seed; the name itself where it has none.
  static func setting(of name: String) -> String { split(name)?.setting ?? name }

  private static func split(_ name: String) -> (setting: String, seed: Int)? {
    let separators = Set("-_=./ ")
    let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.count
    guard digits > 0, let seed = Int(name.suffix(digits)) else { return nil }
    var rest = name.dropLast(digits)
    while let last = rest.last, "-_= ".contains(last) { rest.removeLast() }
    let lower = rest.lowercased()
    if lower.hasSuffix("seed") {
      rest = rest.dropLast(4)
    } else if lower == "s" || separators.contains(where: { lower.hasSuffix("\($0)s") }) {
      rest = rest.dropLast()
    } else {
      return nil
    }
    // "linseed3" is no seed of "lin".
    if let last = rest.last, !separators.contains(last) { return nil }
    while let last = rest.last, separators.contains(last) { rest.removeLast() }
    return (String(rest), seed)
  }
}
