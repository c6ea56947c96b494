extension PreferenceConfiguration {
  public static var options: [SettingOption<Self>] {
    source + SettingOption.run(\.run) + kindOptions + training
      + SettingOption.optimizer(\.optimizer) + SettingOption.lora(\.lora)
  }

  private static var source: [SettingOption<Self>] {
    [
      .string(
        "model_name_or_path", \.model, aliases: ["model"], placeholder: "DIR",
        "Language model to start from; a preference model to train on or, with evaluate, to "
          + "measure.")
    ] + SettingOption.data(\.data) + [
      .string(
        "eval_dataset_name", \.evalDataset, placeholder: "FILE",
        "Held-out pairs, in place of those that the data set holds out."),
      .int(
        "eval_steps", \.evalSteps, atLeast: 0,
        "Steps between measurements on them; 0 is only at the end."),
      .bool("evaluate", \.evaluate, "Measure the model on the held-out pairs and train nothing."),
      .bool("json", \.json, "With evaluate: print one JSON object."),
    ]
  }

  private static var kindOptions: [SettingOption<Self>] {
    [
      .choice(
        "preference_model", \.kind,
        "bradley_terry: one score a response (a reward model); general: an embedding a response, "
          + "which can express cycles; pairwise: reads both responses at once."),
      .int(
        "embedding_dimension", \.general.dimension, atLeast: 2, atMost: 4096,
        "Of general: numbers of an embedding, even."),
      .double(
        "preference_temperature", \.general.temperature, above: 0,
        "Of general: divides logits; the largest is 1 over it where embeddings are normalised."),
      .bool(
        "normalize_embeddings", \.general.isNormalized, "Of general: embeddings have length 1."),
      SettingOption(
        "pair_separators", placeholder: "TEXTS",
        help: "Of pairwise: a list of three texts, before the first response, before the second, "
          + "and at the end.",
        get: { "[" + $0.separators.map(jsonString).joined(separator: ", ") + "]" },
        set: { settings, value in
          let expected = "a list of three texts"
          let texts = try value.list(expected).map { try $0.string(expected) }
          guard texts.count == 3 else { throw value.mismatch(expected) }
          settings.separators = texts
        }),
    ]
  }

  private static var training: [SettingOption<Self>] {
    [
      .int(
        "per_device_train_batch_size", \.batchSize, atLeast: 1, "Pairs of one optimizer step."),
      .int(
        "max_length", \.maxLength, aliases: ["max_seq_length"], atLeast: 2,
        "Tokens of one text; of a longer one the prompt loses its beginning."),
      .string(
        "chat_template", \.chatTemplate, aliases: ["chat_template_path"], placeholder: "FILE",
        "Jinja file to use in place of the model's own chat template."),
      .double(
        "center_rewards_coefficient", \.centering, atLeast: 0,
        "Of bradley_terry: weight of the squared sum of a pair's scores in the loss, which keeps "
          + "them around 0; 0 is off (TRL's default too)."),
      .int(
        "calibration_bins", \.calibrationBins, atLeast: 1, atMost: 1000,
        "Bins of equal width between 1/2 and 1 in the calibration table."),
      .bool(
        "bag_of_words", \.fitsBagOfWords,
        "Fit a logistic regression on the words of responses to the same pairs, and report it "
          + "beside the model."),
      .int(
        "intransitivity_responses", \.intransitivityResponses, atLeast: 3, atMost: 64,
        "Responses to a prompt whose triples are looked at for cycles: its own, filled up with "
          + "responses to other held-out prompts."),
      .int(
        "intransitivity_prompts", \.intransitivityPrompts, atLeast: 0,
        "Held-out prompts that are looked at so; 0 leaves it out."),
    ]
  }
}
