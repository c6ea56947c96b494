import Foundation
import Fuzzing

// Reads mutated inputs in child processes; see Options.usage. Ends with 1 when something was found.
let arguments = CommandLine.arguments.dropFirst()
if arguments.first == "--child" { exit(Child.main(arguments.dropFirst())) }
do {
  let options = try Options(Array(arguments))
  if let replay = options.replay {
    let folder = "/tmp/magnetic-fuzz-\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    exit(try Child.replay(replay.reader, replay.path, in: folder) ? 0 : 1)
  }
  exit(try Supervisor(options).run() == 0 ? 0 : 1)
} catch is Options.Wrong {
  FileHandle.standardError.write(Data(Options.usage.utf8))
  exit(64)
} catch {
  FileHandle.standardError.write(Data("magnetic-fuzz: \(error)\n".utf8))
  exit(70)
}
