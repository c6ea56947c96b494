import Foundation
import MPOModel

/// `run.json` in a run's folder: what was run, how it ended and what it cost. A run is done when its
/// record says so with the fingerprint of today's settings.
public struct RunRecord: Codable, Sendable, Equatable {
  public enum State: String, Codable, Sendable {
    /// It runs, or its runner was killed.
    case running
    /// It was asked to stop, and goes on from its last checkpoint.
    case interrupted
    case failed, done
  }

  /// One process; an interrupted run takes several.
  public struct Attempt: Codable, Sendable, Equatable {
    /// Seconds since 1970.
    public var started: Double
    public var ended: Double
    public var cpuSeconds: Double
    /// Most memory in use, MiB.
    public var peakRSS: Double
    enum CodingKeys: String, CodingKey {
      case started, ended
      case cpuSeconds = "cpu_seconds"
      case peakRSS = "peak_rss_mib"
    }
  }

  public static let fileName = "run.json"

  public var run: String
  public var state: State
  public var fingerprint: String
  /// The words after `magnetic`.
  public var arguments: [String]
  /// As JSON texts.
  public var settings: [String: String]
  public var threads: Int
  public var jobs: Int
  /// Exit status, or 128 + the signal.
  public var status: Int32?
  public var attempts: [Attempt]
  public var build: BuildIdentity

  /// Wall time of all attempts; what an attempt had done when its runner was killed is not known.
  public var seconds: Double { attempts.reduce(0) { $0 + $1.ended - $1.started } }
  public var cpuSeconds: Double { attempts.reduce(0) { $0 + $1.cpuSeconds } }
  public var peakRSS: Double { attempts.map(\.peakRSS).max() ?? 0 }

  /// Nil where there is none that can be read.
  static func read(_ folder: String) -> RunRecord? {
    guard let data = FileManager.default.contents(atPath: "\(folder)/\(fileName)") else {
      return nil
    }
    return try? JSONDecoder().decode(RunRecord.self, from: data)
  }

  func write(_ folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(self), as: UTF8.self)
    try AtomicFile.write(text + "\n", to: "\(folder)/\(Self.fileName)")
  }
}

/// The program that made a result.
public struct BuildIdentity: Codable, Sendable, Equatable {
  public var version: String
  /// Of the working folder's repository, `+changes` where its files differ; `unknown` outside of one.
  public var commit: String
  /// A hash of the program's file (`fileHash`).
  public var binary: String

  public init(version: String, commit: String, binary: String) {
    self.version = version
    self.commit = commit
    self.binary = binary
  }

  /// Whether both are the same program, whatever the commit of the folder it is run in.
  func isSame(as other: BuildIdentity) -> Bool { binary == other.binary }
}
