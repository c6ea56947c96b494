/// Reading vocabulary and merges.
extension BytePairModel {
  /// Ids may have holes, but not more than this beside four times the pieces: memory goes by ids.
  private static let slack = 1 << 16

  static func refuseUnsupported(_ fields: FieldReader) throws {
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
      guard try fields.optionalString(name) ?? "" == "" else {
        throw ModelError.unsupported(path: fields.path, "model.\(name) is not supported")
      }
    }
    guard try fields.optionalNumber("dropout", "a number", { $0 >= 0 }) ?? 0 == 0 else {
      throw ModelError.unsupported(path: fields.path, "model.dropout is not supported")
    }
  }

  static func vocabulary(
    _ fields: FieldReader
  ) throws -> (pieces: [String?], ids: [ByteText: Int32]) {
    guard let members = try fields.optionalObject("vocab")?.object.members, !members.isEmpty else {
      throw ModelError.missing(path: fields.path, "no field 'model.vocab': expected piece to id")
    }
    var ids: [ByteText: Int32] = [:]
    ids.reserveCapacity(members.count)
    var pieces: [String?] = []
    pieces.reserveCapacity(members.count)
    for member in members {
      guard case .integer(let id) = member.value, (0...largestID).contains(id) else {
        throw ModelError.format(
          path: fields.path,
          "model.vocab '\(member.name)': expected an id from 0 to \(largestID), found"
            + " \(member.value.kind)")
      }
      guard id < 4 * members.count + slack else {
        throw ModelError.format(
          path: fields.path,
          "model.vocab '\(member.name)': id \(id) is far beyond the \(members.count) pieces")
      }
      while pieces.count <= id { pieces.append(nil) }
      if let other = pieces[id] {
        throw ModelError.format(
          path: fields.path, "model.vocab: '\(other)' and '\(member.name)' both have id \(id)")
      }
      pieces[id] = member.name
      ids[ByteText(text: member.name)] = Int32(id)
    }
    return (pieces, ids)
  }

  /// Merges in the order of their rank, as texts "a b" or as pairs.
  static func merges(_ fields: FieldReader, _ ids: [ByteText: Int32]) throws -> MergeTable {
    guard let items = fields.value("merges")?.array else {
      throw fields.wrong("merges", expected: "a list")
    }
    var table = MergeTable(capacity: items.count)
    for (rank, item) in items.enumerated() {
      guard let (left, right) = pair(item) else {
        throw ModelError.format(
          path: fields.path,
          "model.merges[\(rank)]: expected \"a b\" or [\"a\", \"b\"], found \(item.kind)")
      }
      func id(_ text: String) throws -> Int32 {
        guard let id = ids[ByteText(text: text)] else {
          throw ModelError.format(
            path: fields.path, "model.merges[\(rank)]: '\(text)' is not in the vocabulary")
        }
        return id
      }
      table.insert(left: try id(left), right: try id(right), rank: rank, id: try id(left + right))
    }
    return table
  }

  private static func pair(_ item: JSONValue) -> (String, String)? {
    if let text = item.string {
      let parts = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
      guard parts.count == 2, let left = String(parts[0]), let right = String(parts[1]) else {
        return nil
      }
      return (left, right)
    }
    guard let list = item.array, list.count == 2, let left = list[0].string,
      let right = list[1].string
    else { return nil }
    return (left, right)
  }
}
