import Foundation
import Fuzzing

/// What the command line says.
struct Options {
  var count = 1_000_000
  var seed: UInt64 = 1
  var readers = FuzzReader.all
  /// Results, findings and the state to go on from.
  var out = ".build/fuzz"
  var workers = 2
  /// Inputs of one child process.
  var chunk = 5000
  /// Seconds of processor time that one input may take.
  var timeLimit = 5.0
  /// One input to read again in this process: reader and file.
  var replay: (reader: FuzzReader, path: String)?

  static let usage = """
    magnetic-fuzz [--count 1000000] [--seed 1] [--readers a,b] [--out .build/fuzz] [--workers 2]
                  [--chunk 5000] [--time-limit 5]
    magnetic-fuzz --replay READER FILE
    Readers: \(FuzzReader.all.map(\.name).joined(separator: " "))
    Findings are files READER-NUMBER.bin beside READER-NUMBER.txt in OUT/findings. A run that was
    stopped goes on where it was; another count, seed or set of readers begins anew.

    """

  struct Wrong: Error {}

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    func value() throws -> String {
      guard let value = rest.popFirst() else { throw Wrong() }
      return value
    }
    func positive() throws -> Int {
      guard let number = Int(try value()), number > 0 else { throw Wrong() }
      return number
    }
    func reader(_ name: String) throws -> FuzzReader {
      guard let reader = FuzzReader.named(name) else { throw Wrong() }
      return reader
    }
    while let option = rest.popFirst() {
      switch option {
      case "--count": count = try positive()
      case "--seed": seed = UInt64(try positive())
      case "--readers": readers = try value().split(separator: ",").map { try reader(String($0)) }
      case "--out": out = try value()
      case "--workers": workers = try positive()
      case "--chunk": chunk = try positive()
      case "--time-limit": timeLimit = Double(try positive())
      case "--replay": replay = (try reader(value()), try value())
      default: throw Wrong()
      }
    }
    guard !readers.isEmpty else { throw Wrong() }
  }

  /// Inputs of each reader, by their shares.
  var counts: [(reader: FuzzReader, count: Int)] {
    let whole = readers.reduce(0) { $0 + $1.share }
    var left = count
    return readers.enumerated().map { i, reader in
      let own = i == readers.count - 1 ? left : count * reader.share / whole
      left -= own
      return (reader, own)
    }
  }
}
