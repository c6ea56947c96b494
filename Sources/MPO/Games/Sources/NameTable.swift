/// Names in order of first appearance, and the index of each.
struct NameTable: RandomAccessCollection {
  private(set) var names: [String] = []
  private var indices: [String: Int] = [:]

  var startIndex: Int { 0 }
  var endIndex: Int { names.count }
  subscript(index: Int) -> String { names[index] }

  /// The index of `name`, at the end if it is new.
  mutating func index(_ name: String) -> Int {
    if let index = indices[name] { return index }
    indices[name] = names.count
    names.append(name)
    return names.count - 1
  }
}
