import Foundation
import Yams

/// YAML text to `ConfigurationValue`, every value knowing its line.
package enum YAMLReader {
  /// - Parameter file: the name in messages.
  /// - Throws: `ConfigurationError.file` with file and line.
  package static func parse(_ text: String, file: String, key: String = "") throws
    -> ConfigurationValue
  {
    do {
      guard let node = try compose(yaml: text) else {
        return ConfigurationValue(.null, key: key, location: file)
      }
      return convert(node, key: key, file: file)
    } catch let error as YamlError {
      throw ConfigurationError.file("\(file)\(place(error))")
    }
  }

  /// Reads and parses a file.
  package static func read(_ path: String, key: String = "") throws -> ConfigurationValue {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      let exists = FileManager.default.fileExists(atPath: path)
      throw ConfigurationError.file(
        exists ? "\(path): cannot be read" : "no configuration file '\(path)'")
    }
    guard var text = String(data: data, encoding: .utf8) else {
      throw ConfigurationError.file("\(path): expected UTF-8 text")
    }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    return try parse(text, file: path, key: key)
  }

  private static func convert(_ node: Node, key: String, file: String) -> ConfigurationValue {
    let location = node.mark.map { "\(file):\($0.line):\($0.column)" } ?? file
    let content: ConfigurationValue.Content
    switch node {
    case .scalar(let scalar):
      let plain = scalar.style == .plain || scalar.style == .any
      let empty = plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
      content = empty ? .null : .scalar(scalar.string, plain: plain)
    case .sequence(let items):
      content = .list(
        items.enumerated().map { convert($1, key: "\(key)[\($0)]", file: file) })
    case .mapping(let pairs):
      content = .mapping(
        pairs.map { pair in
          let name = pair.key.scalar?.string ?? "?"
          let value = convert(pair.value, key: key.isEmpty ? name : "\(key).\(name)", file: file)
          let place = pair.key.mark.map { "\(file):\($0.line):\($0.column)" } ?? value.location
          return (name, ConfigurationValue(value.content, key: value.key, location: place))
        })
    case .alias:
      // The composer replaces aliases by what they name; one that is left names nothing.
      content = .null
    }
    return ConfigurationValue(content, key: key, location: location)
  }

  private static func place(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return ":\(mark.line):\(mark.column): not valid YAML: \(problem)"
    case .reader(let problem, let offset, _, _):
      return ": not valid YAML: \(problem)\(offset.map { " at byte \($0)" } ?? "")"
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.map { "'\($0)'" }.joined(separator: ", ")
      return ":\(context.mark.line): given twice: \(names)"
    default:
      return ": not valid YAML: \(error)"
    }
  }
}
