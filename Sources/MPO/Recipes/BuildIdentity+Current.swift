import Foundation

extension BuildIdentity {
  /// This program, and the commit of the folder that it is run in.
  public static func current(version: String) -> BuildIdentity {
    BuildIdentity(version: version, commit: commit(), binary: fileHash(ProcessLauncher.ownProgram))
  }

  /// FNV-1a over words of eight bytes, a MiB at a time: 100 MB in a fraction of a second.
  static func fileHash(_ path: String) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { return "unknown" }
    defer { try? file.close() }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ word: UInt64) { hash = (hash ^ word) &* 0x100_0000_01b3 }
    while let data = try? file.read(upToCount: 1 << 20), !data.isEmpty {
      data.withUnsafeBytes { bytes in
        let words = bytes.count / 8
        for i in 0..<words { mix(bytes.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)) }
        for byte in bytes[(8 * words)...] { mix(UInt64(byte)) }
      }
    }
    return String(hash, radix: 16)
  }

  private static func commit() -> String {
    guard let hash = git("rev-parse", "--short", "HEAD"), !hash.isEmpty else { return "unknown" }
    let changes = git("status", "--porcelain", "--untracked-files=no") ?? ""
    return hash + (changes.isEmpty ? "" : "+changes")
  }

  /// Nil where git is not there or says no.
  private static func git(_ arguments: String...) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git"] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
