import Foundation

/// Where a model's files are: a folder, or a Hugging Face name in the local cache. Nothing is
/// downloaded.
public enum ModelFolder {
  /// The folder of `name`: an existing folder as it is, otherwise the snapshot of the hub model
  /// `org/name` (or `name`) at `revision` in `$HF_HUB_CACHE`, `$HF_HOME/hub` or
  /// `~/.cache/huggingface/hub`, the first that is set. Throws `ModelError.file` with the command
  /// that downloads it.
  public static func resolve(
    _ name: String, revision: String = "main",
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> String {
    let path = (name as NSString).expandingTildeInPath
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      guard isFolder.boolValue else {
        throw ModelError.file(
          path: name, "expected a folder with config.json and weights, found a file")
      }
      return path
    }
    guard isHubName(name), isPlain(revision.replacingOccurrences(of: "/", with: "-")) else {
      throw ModelError.file(
        path: name, "no such folder, and not a Hugging Face name ('org/name') either")
    }
    let cache = hubCache(environment)
    let model = "\(cache)/models--\(name.replacingOccurrences(of: "/", with: "--"))"
    let reference = try? String(contentsOfFile: "\(model)/refs/\(revision)", encoding: .utf8)
    let commit = reference?.trimmingCharacters(in: .whitespacesAndNewlines) ?? revision
    let snapshot = "\(model)/snapshots/\(commit)"
    guard isPlain(commit), FileManager.default.fileExists(atPath: snapshot) else {
      let option = revision == "main" ? "" : " --revision \(revision)"
      throw ModelError.file(
        path: name,
        "no such folder, and not in the cache \(cache); get it with: hf download \(name)\(option)")
    }
    return snapshot
  }

  /// The folder that `hf download` fills.
  static func hubCache(_ environment: [String: String]) -> String {
    func set(_ name: String) -> String? {
      guard let value = environment[name], !value.isEmpty else { return nil }
      return (value as NSString).expandingTildeInPath
    }
    if let cache = set("HF_HUB_CACHE") ?? set("HUGGINGFACE_HUB_CACHE") { return cache }
    if let home = set("HF_HOME") { return "\(home)/hub" }
    if let cache = set("XDG_CACHE_HOME") { return "\(cache)/huggingface/hub" }
    let home = set("HOME") ?? NSHomeDirectory()
    return "\(home)/.cache/huggingface/hub"
  }

  private static func isHubName(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count <= 2 && parts.allSatisfy { isPlain(String($0)) } && !name.contains("--")
  }

  /// Letters, digits, '-', '_' and '.', not beginning with a '.', without '..'.
  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && !name.contains("..")
      && name.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: return true
        default: return false
        }
      }
  }

  /// What belongs to a tokenizer in a Hugging Face folder.
  public static let tokenizerFiles = [
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "chat_template.jinja", "chat_template.json", "tokenizer.model", "vocab.json", "merges.txt",
  ]

  static func hasTokenizer(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/tokenizer.json")
  }

  /// Named templates, beside the default one.
  static let templateFolder = "additional_chat_templates"

  /// Copies a folder's tokenizer: `tokenizerFiles` and what `templateFolder` holds.
  static func copyTokenizer(from source: String, to target: String) throws {
    try copy(from: source, to: target)
    let names = try? FileManager.default.contentsOfDirectory(atPath: "\(source)/\(templateFolder)")
    let templates = (names ?? []).filter { $0.hasSuffix(".jinja") && isPlain($0) }
    guard !templates.isEmpty else { return }
    try FileManager.default.createDirectory(
      atPath: "\(target)/\(templateFolder)", withIntermediateDirectories: true)
    try copy(templates, from: "\(source)/\(templateFolder)", to: "\(target)/\(templateFolder)")
  }

  /// Copies those of `names` that `source` has into the existing folder `target`, each whole or
  /// not at all. Returns the names copied; the same folder twice copies nothing.
  @discardableResult public static func copy(
    _ names: [String] = tokenizerFiles, from source: String, to target: String
  ) throws -> [String] {
    func real(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    guard real(source) != real(target) else { return [] }
    var copied: [String] = []
    for name in names where FileManager.default.fileExists(atPath: "\(source)/\(name)") {
      let bytes = try MappedFile(path: "\(source)/\(name)")
      let file = try AtomicFile(path: "\(target)/\(name)")
      try file.write(bytes.bytes)
      try file.commit()
      withExtendedLifetime(bytes) {}
      copied.append(name)
    }
    return copied
  }
}
