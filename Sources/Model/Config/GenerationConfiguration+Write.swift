extension GenerationConfiguration {
  /// Writes `generation_config.json` with the ids into an existing folder, whole or not at all.
  func write(folder: String) throws {
    var fields = JSONObject()
    func id(_ value: Int32) -> JSONValue { .integer(Int(value)) }
    if let bosID { fields["bos_token_id"] = id(bosID) }
    if stopIDs.count == 1 {
      fields["eos_token_id"] = id(stopIDs[0])
    } else if !stopIDs.isEmpty {
      fields["eos_token_id"] = .array(stopIDs.map(id))
    }
    if let padID { fields["pad_token_id"] = id(padID) }
    let text = JSONValue.object(fields).serialized(sorted: true) + "\n"
    try AtomicFile.write(text, to: "\(folder)/generation_config.json")
  }
}
