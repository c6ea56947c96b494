import Foundation
import MPOModel

/// What a preference model is beside its weights: `preference_config.json` in its folder. A folder
/// without one that scores texts by one number is a Bradley-Terry reward model, as transformers and TRL
/// write them.
public struct PreferenceFile: Sendable, Equatable {
  public static let name = "preference_config.json"
  /// What separates prompt and responses for a pairwise model.
  public static let standardSeparators = ["\n\n[A] ", "\n\n[B] ", "\n\n[A or B]"]

  public var head: PreferenceHead
  /// Longest text in tokens.
  public var maxLength: Int
  /// Of a pairwise model.
  public var separators = PreferenceFile.standardSeparators

  public init(head: PreferenceHead, maxLength: Int) {
    self.head = head
    self.maxLength = maxLength
  }

  /// Names of the kinds, in files and settings.
  public enum Kind: String, Sendable, CaseIterable, Codable {
    case bradleyTerry = "bradley_terry"
    case general
    case pairwise
  }

  public var kind: Kind {
    switch head {
    case .bradleyTerry: return .bradleyTerry
    case .general: return .general
    case .pairwise: return .pairwise
    }
  }

  /// The file's fields; those of other kinds are left out.
  private struct Fields: Codable {
    var kind: Kind
    var maxLength: Int
    var dimension: Int?
    var temperature: Double?
    var normalize: Bool?
    var separators: [String]?

    enum CodingKeys: String, CodingKey {
      case kind = "preference_model"
      case maxLength = "max_length"
      case dimension = "embedding_dimension"
      case temperature, normalize, separators
    }
  }

  /// Whether the folder names a kind.
  public static func isThere(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(name)")
  }

  /// - Throws: `PreferenceModelError.file` naming what is wrong.
  public init(folder: String) throws {
    let path = "\(folder)/\(Self.name)"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw PreferenceModelError.file(path: path, "cannot be read")
    }
    let fields: Fields
    do {
      fields = try JSONDecoder().decode(Fields.self, from: data)
    } catch {
      let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw PreferenceModelError.file(
        path: path, "expected preference_model (one of \(kinds)) and max_length: \(error)")
    }
    func wrong(_ text: String) -> PreferenceModelError { .file(path: path, text) }
    guard fields.maxLength >= 2 else {
      throw wrong("max_length: expected at least 2, found \(fields.maxLength)")
    }
    switch fields.kind {
    case .bradleyTerry: self.init(head: .bradleyTerry, maxLength: fields.maxLength)
    case .general:
      var settings = GeneralPreference()
      settings.dimension = fields.dimension ?? settings.dimension
      settings.temperature = fields.temperature ?? settings.temperature
      settings.isNormalized = fields.normalize ?? settings.isNormalized
      guard settings.dimension >= 2, settings.dimension % 2 == 0 else {
        throw wrong("embedding_dimension: expected an even number, found \(settings.dimension)")
      }
      guard settings.temperature > 0, settings.temperature.isFinite else {
        throw wrong("temperature: expected a number above 0, found \(settings.temperature)")
      }
      self.init(head: .general(settings), maxLength: fields.maxLength)
    case .pairwise:
      self.init(head: .pairwise, maxLength: fields.maxLength)
      separators = fields.separators ?? Self.standardSeparators
      guard separators.count == 3 else {
        throw wrong("separators: expected 3 texts, found \(separators.count)")
      }
    }
  }

  /// Writes the file into an existing folder, whole or not at all.
  public func write(folder: String) throws {
    var fields = Fields(kind: kind, maxLength: maxLength)
    switch head {
    case .bradleyTerry: break
    case .general(let settings):
      fields.dimension = settings.dimension
      fields.temperature = settings.temperature
      fields.normalize = settings.isNormalized
    case .pairwise: fields.separators = separators
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(fields), to: "\(folder)/\(Self.name)")
  }
}
