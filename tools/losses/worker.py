#!/usr/bin/env python3
"""References of some cases, in a process of its own: `worker.py JOBS.json OUT.pt`.

JOBS is {"folder": small checkpoint, "jobs": [{"case", "step", "weights"}]}; OUT a list of what
`references.reference` returns. Two releases of TRL cannot share a process.
"""
import json
import os
import sys
import warnings

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", TRL_EXPERIMENTAL_SILENCE="1",
                  HF_DATASETS_DISABLE_PROGRESS_BARS="1", CUDA_VISIBLE_DEVICES="")
warnings.simplefilter("ignore")
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import torch  # noqa: E402
import transformers  # noqa: E402

from losses.references import reference  # noqa: E402


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with open(sys.argv[1]) as file:
        work = json.load(file)
    torch.save([reference(job["case"], work["folder"], job["step"], job["weights"])
                for job in work["jobs"]], sys.argv[2])


main()
