/// The `post_processor` of a tokenizer.json, as far as it changes the ids of a single text: what
/// goes before and after it.
struct SpecialTokenTemplate: Sendable {
  var before: [Int32] = []
  var after: [Int32] = []

  init(_ fields: FieldReader?) throws {
    if let fields { try add(fields) }
  }

  private mutating func add(_ fields: FieldReader) throws {
    let type = try fields.string("type")
    switch type {
    case "Sequence": for processor in try fields.readers("processors") { try add(processor) }
    case "ByteLevel": break  // Only moves offsets.
    case "TemplateProcessing": try addTemplate(fields)
    case "RobertaProcessing", "BertProcessing":
      before = [try Self.token(fields, "cls")] + before
      after.append(try Self.token(fields, "sep"))
    default:
      throw ModelError.unsupported(
        path: fields.path,
        "post_processor '\(type)' is not supported; supported are ByteLevel, TemplateProcessing,"
          + " RobertaProcessing, BertProcessing, Sequence")
    }
  }

  /// A token as ["</s>", 2].
  private static func token(_ fields: FieldReader, _ name: String) throws -> Int32 {
    guard let pair = fields.value(name)?.array, pair.count == 2, pair[0].string != nil,
      let id = pair[1].integer, (0...BytePairModel.largestID).contains(id)
    else { throw fields.wrong(name, expected: "[token, id]") }
    return Int32(id)
  }

  private mutating func addTemplate(_ fields: FieldReader) throws {
    let tokens = try fields.optionalObject("special_tokens")
    var (first, last): ([Int32], [Int32]) = ([], [])
    var seen = false
    for part in try fields.readers("single") {
      if part.has("Sequence") {
        guard !seen else { throw part.wrong("Sequence", expected: "the text once") }
        seen = true
      } else if let special = try part.optionalObject("SpecialToken") {
        let name = try special.string("id")
        guard let entry = try tokens?.optionalObject(name),
          let ids = try entry.optionalTokens("ids", vocabulary: BytePairModel.largestID)
        else {
          throw ModelError.missing(
            path: fields.path, "post_processor: special token '\(name)' is not in special_tokens")
        }
        if seen { last += ids } else { first += ids }
      } else {
        throw ModelError.format(
          path: fields.path, "post_processor: expected Sequence or SpecialToken in 'single'")
      }
    }
    guard seen else { throw fields.wrong("single", expected: "the text among the parts") }
    before = first + before
    after += last
  }
}
