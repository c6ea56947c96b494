import Foundation
import FuzzWatch
import Fuzzing

/// What a child tells its parent while it runs, in a mapped file, so that it is there whatever ends
/// the child.
struct Progress {
  /// The input being read.
  var index = 0
  var accepted = 0
  var refused = 0
  /// The most memory that one input took, and the most time, seconds.
  var memory = 0
  var time = 0.0

  /// Maps a file of one record. Throws where the system refuses.
  static func map(_ path: String) throws -> UnsafeMutablePointer<Progress> {
    let descriptor = open(path, O_RDWR | O_CREAT, 0o644)
    defer { close(descriptor) }
    let size = MemoryLayout<Progress>.size
    guard descriptor >= 0, ftruncate(descriptor, off_t(size)) == 0,
      let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      base != MAP_FAILED
    else { throw FuzzReader.Violation(description: "cannot map \(path)") }
    return base.bindMemory(to: Progress.self, capacity: 1)
  }
}

/// The process in which inputs are read. It ends with 0, with a code below, or as the input has it.
enum Child {
  /// Exit code: a property did not hold, or an error was thrown that is no `ModelError`.
  static let violation: Int32 = 85
  static let broken: Int32 = 70

  /// Bytes that an input may take.
  static func budget(_ reader: FuzzReader, _ size: Int) -> Int {
    reader.memory + size * reader.memoryPerByte
  }

  /// Arguments: reader, seed, first, behind the last, folder.
  static func main(_ arguments: ArraySlice<String>) -> Int32 {
    let words = Array(arguments)
    guard words.count == 5, let reader = FuzzReader.named(words[0]), let seed = UInt64(words[1]),
      let first = Int(words[2]), let last = Int(words[3])
    else { return broken }
    do {
      let progress = try Progress.map("\(words[4])/progress")
      progress.pointee = Progress(index: first)
      let corpus = try FuzzCorpus.files(of: reader.name).map(\.bytes)
      let folder = try reader.makeFolder(in: words[4])
      // Tables that are made once are no input's memory.
      for seed in corpus { _ = try? reader.run(seed, in: folder) }
      for index in first..<last {
        progress.pointee.index = index
        let input = reader.input(index, seed: seed, corpus: corpus)
        guard read(input, reader, folder, progress) else { return violation }
      }
      return 0
    } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      return broken
    }
  }

  /// Reads a file under the same watch, in this process.
  static func replay(_ reader: FuzzReader, _ path: String, in parent: String) throws -> Bool {
    let input = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let folder = try reader.makeFolder(in: parent)
    for seed in try FuzzCorpus.files(of: reader.name) {
      _ = try? reader.run(seed.bytes, in: folder)
    }
    var progress = Progress()
    let held = read(input, reader, folder, &progress)
    print(
      "\(path): \(held ? progress.accepted > 0 ? "accepted" : "refused" : "violated"),"
        + " \(progress.memory) bytes, \(progress.time) s")
    return held
  }

  private static func read(
    _ input: [UInt8], _ reader: FuzzReader, _ folder: String,
    _ progress: UnsafeMutablePointer<Progress>
  ) -> Bool {
    let start = DispatchTime.now().uptimeNanoseconds
    fuzz_watch_begin(budget(reader, input.count), folder)
    var failure: (any Error)?
    var outcome: FuzzReader.Outcome?
    do { outcome = try reader.run(input, in: folder) } catch { failure = error }
    let memory = fuzz_watch_end()
    let time = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    progress.pointee.memory = max(progress.pointee.memory, Int(memory))
    progress.pointee.time = max(progress.pointee.time, time)
    switch outcome {
    case .accepted?: progress.pointee.accepted += 1
    case .refused?: progress.pointee.refused += 1
    case nil:
      FileHandle.standardError.write(Data("violation: \(failure.map { "\($0)" } ?? "")\n".utf8))
      return false
    }
    return true
  }
}
