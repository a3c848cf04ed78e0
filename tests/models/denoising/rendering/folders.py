"""Tiny checkpoints in the forms of the real ones: Stable Diffusion 1.5, its inpainting, SDXL, ControlNets, IP-Adapters
with their image encoder, LoRA files and a safety checker. All of them take three seconds and three megabytes."""

import json
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DDIMScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from safetensors.torch import save_file
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

CROSS = {"sd15": 32, "inpainting": 32, "sdxl": 64}
_VISION = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
}


def letters():
    """The 256 letters that bytes are written with in CLIP's vocabulary."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(code) for code in kept] + [chr(256 + k) for k in range(256 - len(kept))]


def tokenizer(folder: Path):
    """A tokenizer of single letters, as vocab.json and merges.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [*letters(), *(f"{letter}</w>" for letter in letters()), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: k for k, word in enumerate(words)}), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    return CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77, pad_token="<|endoftext|>"
    )


def text_config(projection=32):
    return CLIPTextConfig(
        vocab_size=514,
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
        projection_dim=projection,
    )


def vae():
    """An autoencoder of stride 8, whose codes are as good as without noise, as the real one's are."""
    model = AutoencoderKL(
        block_out_channels=(8, 8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=64,
    )
    with torch.no_grad():
        model.quant_conv.weight[4:] = 0
        model.quant_conv.bias[4:] = -30
    return model.eval()


def unet(kind, channels=4):
    plain = {
        "sample_size": 8,
        "in_channels": channels,
        "out_channels": 4,
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "cross_attention_dim": CROSS[kind],
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "attention_head_dim": 4,
    }
    if kind == "sdxl":
        plain |= {
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            "transformer_layers_per_block": (1, 2),
            "use_linear_projection": True,
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 6 * 8 + 32,
        }
    return UNet2DConditionModel(**plain).eval()


def scheduler():
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        steps_offset=1,
        set_alpha_to_one=False,
    )


def checker():
    """A safety checker of 32 px, which flags no picture."""
    model = StableDiffusionSafetyChecker(
        CLIPConfig(text_config=text_config().to_dict(), vision_config=_VISION, projection_dim=16)
    )
    with torch.no_grad():
        model.concept_embeds_weights.fill_(2.0)
        model.special_care_embeds_weights.fill_(2.0)
    return model.eval()


def processor():
    size = {"height": 32, "width": 32}
    return CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size)


def folder(root: Path, kind="sd15", *, checked=False, variant=None, shard="5GB", seed=0) -> Path:
    """A model's folder as diffusers writes it: `sd15`, `inpainting` or `sdxl`."""
    torch.manual_seed(seed)
    words = tokenizer(root.with_name(f"{root.name}-words"))
    safety = {
        "safety_checker": checker() if checked else None,
        "feature_extractor": processor() if checked else None,
    }
    parts = {"vae": vae(), "tokenizer": words, "scheduler": scheduler()}
    if kind == "sdxl":
        pipeline = StableDiffusionXLPipeline(
            **parts,
            text_encoder=CLIPTextModel(text_config()).eval(),
            text_encoder_2=CLIPTextModelWithProjection(text_config()).eval(),
            tokenizer_2=words,
            unet=unet(kind),
            add_watermarker=False,
        )
    else:
        form = StableDiffusionInpaintPipeline if kind == "inpainting" else StableDiffusionPipeline
        pipeline = form(
            **parts,
            **safety,
            text_encoder=CLIPTextModel(text_config()).eval(),
            unet=unet(kind, 9 if kind == "inpainting" else 4),
            requires_safety_checker=False,
        )
    pipeline.save_pretrained(root, variant=variant, max_shard_size=shard)
    for name in ("tokenizer", "tokenizer_2") if kind == "sdxl" else ("tokenizer",):
        tokenizer(root / name)  # as on the hub: vocab and merges, no tokenizer.json
        (root / name / "tokenizer.json").unlink(missing_ok=True)
    return root


def noisy(model, scale=0.05, seed=5):
    """A model whose weights that are zero are small numbers, as after some training."""
    numbers = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            if not weight.any():
                weight.add_(scale * torch.randn(weight.shape, generator=numbers))
    return model


def controlnet(root: Path, kind="sd15", *, trained=True, channels=3, seed=1) -> Path:
    torch.manual_seed(seed)
    model = ControlNetModel.from_unet(
        unet(kind), conditioning_channels=channels, conditioning_embedding_out_channels=(8, 8, 16, 16)
    )
    (noisy(model) if trained else model).save_pretrained(root)
    return root


def image_encoder(root: Path, seed=2, projection=16) -> Path:
    torch.manual_seed(seed)
    CLIPVisionModelWithProjection(CLIPVisionConfig(**_VISION, projection_dim=projection)).save_pretrained(root)
    return root


def ip_adapter(root: Path, kind="sd15", *, plus=False, seed=3) -> Path:
    """`models` of h94/IP-Adapter: a file and its image encoder; returns the file."""
    torch.manual_seed(seed)
    network, cross = unet(kind), CROSS[kind]
    tensors = {}
    for k, name in enumerate(network.attn_processors):
        if name.endswith("attn2.processor"):
            layer = network.get_submodule(name.removesuffix(".processor"))
            for part in "kv":
                tensors[f"ip_adapter.{k}.to_{part}_ip.weight"] = 0.3 * torch.randn(layer.to_k.weight.shape)
    if plus:
        inner, heads = 64, 2  # a resampler's heads are of 64 each
        plus_of = {
            "latents": (1, 16, inner),
            "proj_in.weight": (inner, 32),
            "proj_in.bias": (inner,),
            "proj_out.weight": (cross, inner),
            "proj_out.bias": (cross,),
            "norm_out.weight": (cross,),
            "norm_out.bias": (cross,),
        }
        for layer in range(4):
            head = f"layers.{layer}"
            plus_of |= {
                f"{head}.0.norm1.weight": (inner,),
                f"{head}.0.norm1.bias": (inner,),
                f"{head}.0.norm2.weight": (inner,),
                f"{head}.0.norm2.bias": (inner,),
                f"{head}.0.to_q.weight": (64 * heads // 2, inner),
                f"{head}.0.to_kv.weight": (2 * 64 * heads // 2, inner),
                f"{head}.0.to_out.weight": (inner, 64 * heads // 2),
                f"{head}.1.0.weight": (inner,),
                f"{head}.1.0.bias": (inner,),
                f"{head}.1.1.weight": (4 * inner, inner),
                f"{head}.1.3.weight": (inner, 4 * inner),
            }
        tensors |= {f"image_proj.{name}": 0.2 * torch.randn(shape) for name, shape in plus_of.items()}
    else:
        tensors |= {
            "image_proj.proj.weight": 0.2 * torch.randn(4 * cross, 16),
            "image_proj.proj.bias": torch.zeros(4 * cross),
            "image_proj.norm.weight": torch.ones(cross),
            "image_proj.norm.bias": torch.zeros(cross),
        }
    root.mkdir(parents=True, exist_ok=True)
    file = root / f"ip-adapter{'-plus' if plus else ''}_{kind}.safetensors"
    save_file(tensors, file)
    image_encoder(root / "image_encoder")
    return file


def lora(file: Path, kind="sd15", *, form="kohya", seed=4) -> Path:
    """A LoRA of a UNet's attentions: `kohya`, as the few-step files of the hub are, or `diffusers`, as peft's are."""
    torch.manual_seed(seed)
    network = unet(kind)
    tensors = {}
    for name, layer in network.named_modules():
        if name.endswith(("to_q", "to_k", "to_v")):
            down, up = 0.3 * torch.randn(2, layer.in_features), 0.3 * torch.randn(layer.out_features, 2)
            if form == "kohya":
                head = f"lora_unet_{name.replace('.', '_')}"
                tensors |= {f"{head}.lora_down.weight": down, f"{head}.lora_up.weight": up}
                tensors[f"{head}.alpha"] = torch.tensor(2.0)
            else:
                tensors |= {f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file)
    return file
