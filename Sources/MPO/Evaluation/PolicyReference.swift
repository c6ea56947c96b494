import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A policy to evaluate: a model's folder, a checkpoint, an adapter or a hub name, and what it is
/// called in the results.
public struct PolicyReference: Sendable, Equatable {
  public let name: String
  public let path: String

  public init(name: String, path: String) {
    self.name = name
    self.path = path
  }

  /// The policies of a command line. An item is `PATH` (then that is the name) or `NAME=PATH`; a
  /// pattern (`run/checkpoint-*`, also where no shell expanded it) stands for the folders with a model
  /// that it matches, `checkpoint-9` before `checkpoint-10`, and with a name they are
  /// `NAME/checkpoint-9`. A path that is given twice without names is `PATH` and `PATH (2)`: two
  /// policies with the same weights and samples of their own.
  /// - Throws: `EvaluationError.policies` for a pattern without a folder, or a name given twice.
  public static func list(_ items: [String]) throws -> [PolicyReference] {
    var found: [PolicyReference] = []
    var named: Set<String> = []
    for item in items {
      let (name, path) = split(item)
      let paths = isPattern(path) ? try matches(of: path) : [path]
      for one in paths {
        var label = name ?? one
        if let name, paths.count > 1 || isPattern(path) {
          label = "\(name)/\(URL(fileURLWithPath: one).lastPathComponent)"
        }
        if name != nil {
          guard named.insert(label).inserted else {
            throw EvaluationError.policies(
              "two policies are named '\(label)'; give each its own, NAME=PATH")
          }
        }
        found.append(PolicyReference(name: label, path: one))
      }
    }
    return unique(found)
  }

  /// Each path under its own name; the second of one is `PATH (2)`.
  public static func unique(_ paths: [String]) -> [PolicyReference] {
    unique(paths.map { PolicyReference(name: $0, path: $0) })
  }

  private static func unique(_ policies: [PolicyReference]) -> [PolicyReference] {
    var taken: Set<String> = []
    return policies.map { policy in
      var name = policy.name
      var number = 1
      while !taken.insert(name).inserted {
        number += 1
        name = "\(policy.name) (\(number))"
      }
      return PolicyReference(name: name, path: policy.path)
    }
  }

  /// `NAME=PATH`; a folder whose own name has a '=' is a path.
  private static func split(_ item: String) -> (name: String?, path: String) {
    guard let equals = item.firstIndex(of: "="), equals != item.startIndex,
      !FileManager.default.fileExists(atPath: item)
    else { return (nil, item) }
    let name = String(item[..<equals])
    // A '/' in front of it is part of a path, as in runs/lr=1e-4.
    guard !name.contains("/") else { return (nil, item) }
    return (name, String(item[item.index(after: equals)...]))
  }

  private static func isPattern(_ path: String) -> Bool {
    path.contains { "*?[".contains($0) } && !FileManager.default.fileExists(atPath: path)
  }

  private static func matches(of pattern: String) throws -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    let status = glob(pattern, GLOB_TILDE, nil, &result)
    var paths: [String] = []
    if status == 0, let list = result.gl_pathv {
      for index in 0..<Int(result.gl_pathc) {
        if let text = list[index] { paths.append(String(cString: text)) }
      }
    }
    let models = paths.filter { path in
      ["config.json", "adapter_config.json"].contains {
        FileManager.default.fileExists(atPath: "\(path)/\($0)")
      }
    }
    guard !models.isEmpty else {
      let other = paths.isEmpty ? "nothing matches" : "no folder with a model matches"
      throw EvaluationError.policies("\(other) '\(pattern)'; expected folders with config.json")
    }
    return models.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
  }

  /// The random stream of each policy, which depends on nothing but its name, so that neither other
  /// policies nor their order change what it says: 2^31 plus FNV-1a of the name, below those of
  /// `eval_steps`. A policy's rollouts are below 2^31; an opponent's are the first numbers from there on,
  /// which a name's hash hits by chance only. Should two names meet in one number, the later in the
  /// alphabet takes the next free one.
  public static func streams(_ names: [String]) -> [UInt32] {
    var taken: Set<UInt32> = []
    var streams: [String: UInt32] = [:]
    for name in names.sorted() where streams[name] == nil {
      var hash: UInt32 = 0x811C_9DC5
      for byte in name.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
      var stream = hash % 0x7FFF_0000 + 0x8000_0000
      while !taken.insert(stream).inserted {
        stream = stream == 0xFFFE_FFFF ? 0x8000_0000 : stream + 1
      }
      streams[name] = stream
    }
    return names.map { streams[$0] ?? 0 }
  }
}
