import MPO
import MPOBackend
import Testing

@Suite struct PanelJudgeTests {
  @Test func rulesScore() throws {
    #expect(PanelRule.length(target: 3, unit: .words).score("one two  three four\n") == -1)
    #expect(PanelRule.length(target: 3, unit: .characters).score("h\u{E9}") == -1)
    let list = PanelRule.words(["sun": 1, "rain": -2], caseSensitive: false)
    #expect(list.score("Sun, sun and RAIN. Sunny") == 0)
    #expect(PanelRule.words(["Sun": 1], caseSensitive: true).score("Sun sun") == 1)
    #expect(PanelRule.repetition(ngram: 1).score("a b a b") == -0.5)
    #expect(PanelRule.repetition(ngram: 2).score("a b c") == 0)
    #expect(PanelRule.repetition(ngram: 5).score("a b c") == 0)
    #expect(PanelRule.repetition(ngram: 2).score("") == 0)
    #expect(PanelRule.regex(try Pattern("[.!?]", name: "p")).score("A. B! c") == 2)
    #expect(PanelRule.startsWith("Once").score(" Once upon") == 1)
    #expect(PanelRule.endsWith(".").score("Once upon. \n") == 1)
    #expect(PanelRule.endsWith(".").score("") == 0)
    let order = PanelRule.ranking(try ["aa", "^(?!.*bb)"].map { try Pattern($0, name: "p") })
    #expect(order.score("x aa bb aa") == 0 && order.score("x") == -1 && order.score("bb") == -2)
  }

  /// Three annotators, three responses, each annotator's favourite shifted by one: a cycle.
  @Test func majoritiesCanBeCyclic() throws {
    let judge = try JudgeConfiguration(
      yaml: """
        judge:
          type: panel
          annotators:
            - {rule: words, words: {aa: 2, bb: 1}}
            - {rule: words, words: {bb: 2, cc: 1}}
            - {rule: words, words: {cc: 2, aa: 1}}
        """
    ).makeSource(on: CPUBackend())
    let table = try judge.preferences(prompts: ["x"], responses: [["aa", "bb", "cc"]])
    #expect(abs(table[0, 0, 1] - 2.0 / 3) < 1e-6)
    #expect(abs(table[0, 1, 2] - 2.0 / 3) < 1e-6)
    #expect(abs(table[0, 2, 0] - 2.0 / 3) < 1e-6)
    #expect(table.winRates() == [0.5, 0.5, 0.5])
  }

  @Test func weightsAvoidAndTies() throws {
    let judge = try JudgeConfiguration(
      yaml: """
        type: panel
        annotators:
          - {rule: length, target: 2, unit: words, weight: 3}
          - {rule: regex, pattern: '!', avoid: true, name: calm}
        """
    ).makeSource(on: CPUBackend())
    let table = try judge.preferences(prompts: ["x"], responses: [["a b!", "a", "c"]])
    #expect(table[0, 0, 1] == 0.75)
    #expect(table[0, 1, 2] == 0.5)
    let compared = try judge.compare(prompts: ["x"], first: [["a b!"]], second: [["a", "a b"]])
    #expect(compared.values == [0.75, 0.375])
    #expect(judge.name == "panel (length, calm)")
  }

  @Test(arguments: [
    ("{type: panel, annotators: []}", "at least one"),
    ("{type: panel, annotators: [{rule: lenght, target: 3}]}", "starts_with"),
    ("{type: panel, annotators: [{rule: length}]}", "target"),
    ("{type: panel, annotators: [{rule: length, target: -1}]}", "at least 0"),
    ("{type: panel, annotators: [{rule: length, target: 3, units: words}]}", "did you mean 'unit'"),
    ("{type: panel, annotators: [{rule: length, target: 3, unit: lines}]}", "words, characters"),
    ("{type: panel, annotators: [{rule: words, words: [two words]}]}", "single words"),
    ("{type: panel, annotators: [{rule: words, words: []}]}", "at least one word"),
    ("{type: panel, annotators: [{rule: regex, pattern: '('}]}", "does not compile"),
    ("{type: panel, annotators: [{rule: ends_with, text: a, weight: 0}]}", "above 0"),
    ("{type: panel, annotators: [{rule: repetition, ngram: 0}]}", "at least 1"),
    ("{type: panel, annotators: [{rule: ranking, patterns: [a]}]}", "two or more"),
    ("{type: panel, annotators: [{rule: ranking, patterns: [a, '(']}]}", "does not compile"),
    ("{type: panel, annotators: [length]}", "mapping with a 'rule'"),
    ("{type: panel}", "annotators"),
    ("{type: oracle}", "one of categories, panel, reward, command, http"),
    ("{annotators: []}", "'type'"), ("[1]", "a mapping"),
  ])
  func refuses(_ yaml: String, _ text: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try JudgeConfiguration(yaml: yaml, file: "judge.yaml")
    }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "-")")
  }
}
