#if canImport(CLKernels)
  import Foundation

  /// Compiled programs on disk. A file holds a line that says what it was compiled from (device,
  /// driver, options, source hash), the hash of the binary, and the binary; a file that does not
  /// match in every part counts as absent.
  struct OpenCLProgramCache {
    let directory: String
    private let platform: String

    init(directory: String, device: OpenCLDevice) {
      self.directory = directory
      let d = device.description
      platform = "\(d.vendor)|\(d.name)|\(d.driver)"
    }

    func read(_ family: String, _ source: [UInt8], _ options: String) -> [UInt8]? {
      let key = self.key(source, options)
      guard let data = FileManager.default.contents(atPath: path(family, key)) else { return nil }
      let bytes = [UInt8](data)
      let head = Array(key.utf8)
      guard bytes.count > head.count + 8, bytes.starts(with: head) else { return nil }
      let binary = Array(bytes[(head.count + 8)...])
      let expected = bytes[head.count..<head.count + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return Self.fnv(binary) == expected ? binary : nil
    }

    /// Written beside and renamed, so that a reader sees a whole file or none. Failures are ignored:
    /// without the file the next start compiles again.
    func write(_ binary: [UInt8], _ family: String, _ source: [UInt8], _ options: String) {
      let key = self.key(source, options)
      let hash = Self.fnv(binary)
      var bytes = Array(key.utf8)
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: hash >> (56 - 8 * $0)) }
      bytes += binary
      try? FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
      try? Data(bytes).write(to: URL(fileURLWithPath: path(family, key)), options: .atomic)
    }

    private func key(_ source: [UInt8], _ options: String) -> String {
      "magnetic-cl 1|\(platform)|\(options)|\(source.count)|"
        + String(Self.fnv(source), radix: 16) + "\n"
    }

    private func path(_ family: String, _ key: String) -> String {
      "\(directory)/\(family)-\(String(Self.fnv(Array(key.utf8)), radix: 16)).clbin"
    }

    /// FNV-1a, 64 bits.
    static func fnv(_ bytes: [UInt8]) -> UInt64 {
      bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
  }
#endif
