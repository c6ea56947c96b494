import Foundation
import TestSupport
import Testing

@testable import MPO

@Suite struct JudgeCacheTests {
  /// FIPS 180-4's examples, and every length around a block's end.
  @Test func digests() {
    #expect(
      SHA256.hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hex(Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hex(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      SHA256.hex([UInt8](repeating: 97, count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    #expect(Set((0..<200).map { SHA256.hex([UInt8](repeating: 0, count: $0)) }).count == 200)
  }

  @Test func keepsAnswersByTheirParts() throws {
    let folder = try TemporaryFolder()
    let cache = try JudgeCache(folder.file("a/b"))
    let key = JudgeCache.key(["x", "yz"])
    #expect(key != JudgeCache.key(["xy", "z"]))
    #expect(key != JudgeCache.key(["x", "yz", ""]))
    #expect(cache.answer(key) == nil)
    for answer in [Array("one\ntwo\n".utf8), [], [0, 255, 10]] {
      try cache.keep(answer, for: key)
      #expect(cache.answer(key) == answer)
      #expect(try JudgeCache(folder.file("a/b")).answer(key) == answer)
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("a/b"))
    #expect(names == [String(key.prefix(2))])
    let inside = try FileManager.default.contentsOfDirectory(
      atPath: folder.file("a/b/" + names[0]))
    #expect(inside == [String(key.dropFirst(2))])
  }

  @Test func damagedFilesCountAsAbsent() throws {
    let folder = try TemporaryFolder()
    let cache = try JudgeCache(folder.path)
    let key = JudgeCache.key(["q"])
    try cache.keep(Array("answer".utf8), for: key)
    let whole = try Data(contentsOf: URL(fileURLWithPath: cache.path(key)))
    for count in 0..<whole.count {
      try whole.prefix(count).write(to: URL(fileURLWithPath: cache.path(key)))
      #expect(cache.answer(key) == nil)
      var flipped = whole
      flipped[count] ^= 1
      try flipped.write(to: URL(fileURLWithPath: cache.path(key)))
      #expect(cache.answer(key) == nil)
    }
    try cache.keep(Array("answer".utf8), for: key)
    #expect(cache.answer(key) == Array("answer".utf8))
  }

  @Test func foldersThatCannotBeMade() throws {
    let folder = try TemporaryFolder()
    try folder.write("", "file")
    let error = #expect(throws: PreferenceError.self) { try JudgeCache(folder.file("file/x")) }
    guard case .cache = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
