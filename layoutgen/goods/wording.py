"""The catalogue's copy: what each product has to say, in the words of the people who sell it."""

# ruff: noqa: E501 - a table reads best with one product a line

from typing import NamedTuple


class Wording(NamedTuple):
    """A product's copy. `also` names further shots of it, which `layout` shows together; `canvases` are the layouts
    it asks for, all of the job's where empty; `season` is a column of the shop's own, which nothing in the pipeline reads."""

    title: str
    selling_points: tuple[str, ...]
    brand: str | None
    category: str
    language: str
    application: str = "poster"
    canvases: tuple[str, ...] = ()
    season: str = "2026-秋冬"
    also: tuple[str, ...] = ()
    layout: str = ""


WORDING: dict[str, Wording] = {
    "sneaker-cloud": Wording("云感缓震跑鞋", ("回弹中底，落地更轻", "工程网布，透气不闷脚", "整鞋仅 218 克", "￥399起"), "ORBE", "鞋靴", "zh"),
    "sneaker-night": Wording("Run the night.", ("Reflective overlays seen from 200 m", "Carbon-infused plate"), "ORBE", "footwear", "en", "video_cover", ("16:9",)),
    "handbag-terracotta": Wording("一只包，装下从早到晚", ("头层牛皮，越用越润", "可放 13 英寸电脑", "手工油边，终身护理"), "VALE", "箱包", "zh", also=("handbag-terracotta-2", "handbag-terracotta-3"), layout="collage"),
    "handbag-sage": Wording("The Sage Satchel", ("Full-grain leather, vegetable tanned", "Lifetime repairs", "From $249"), "VALE", "bags", "en", "poster", ("1:1",)),
    "mug-brick": Wording("把秋天捧在手心", ("粗陶手作，每只釉色都不同", "微波炉、洗碗机适用"), None, "餐厨", "zh", "marketing"),
    "mug-fog": Wording("Stoneware mug, 350 ml", ("Glazed by hand in small batches",), None, "kitchen", "en", "poster", ("1:1", "3:4")),
    "lamp-pleat": Wording("留一盏灯，等晚归的人", ("亚麻百褶灯罩，光线柔和不刺眼", "三档调光", "实心黄铜灯杆"), "LUMI", "灯具", "zh"),
    "lamp-midnight": Wording("Light, gently folded", ("Hand-pleated linen shade", "Dims to 5 %", "Ships flat in recycled card", "$129"), "LUMI", "lighting", "en", "video_cover", ("16:9",)),
    "phone-aura": Wording("AURA 15 Pro 影像旗舰", ("一英寸主摄，夜色也有层次", "5500mAh 长续航", "轻至 187 克", "限时直降 ￥600"), "AURA", "手机数码", "zh", "poster", (), "双十一"),
    "phone-ember": Wording("拍下每一种光", ("全焦段光学防抖", "4K 120 帧慢动作"), "AURA", "手机数码", "zh", "video_cover", ("16:9",), "双十一"),
    "headphones-echo": Wording("Silence, on demand", ("48 dB adaptive noise cancelling", "60-hour battery", "Folds flat"), "ECHO", "audio", "en"),
    "headphones-milk": Wording("世界调低音量，生活调高质感", ("深度降噪 48dB，通勤路上也能安静听完一张专辑", "蛋白皮耳罩，久戴不压耳", "60 小时超长续航，充电 5 分钟听 4 小时"), "ECHO", "影音", "zh", "marketing"),
    "flask-summit": Wording("山野在前，热茶在手", ("316 不锈钢内胆", "24 小时保温", "750ml 大容量", "￥199起"), "NORTH", "户外", "zh"),
    "dress-polka": Wording("波点长裙，一转身就是夏天", ("真丝混纺，垂坠感十足", "收腰设计，显高显瘦"), "VALE", "女装", "zh", "poster", ("750x1000",), "2027-春夏"),
    "dress-navy": Wording("Polka Dot Midi Dress", ("Silk-blend crêpe", "Removable sash", "Sizes XS to 3XL"), "VALE", "women", "en", "poster", ("3:4",), "2027-春夏"),
    "t-shirt-tide": Wording("慢潮俱乐部 重磅纯棉 T 恤", ("260 克精梳棉，挺括不透", "领口加固，久洗不变形", "两件 ￥169"), "ORBE", "男装", "zh", "poster", (), "2027-春夏"),
    "t-shirt-ink": Wording("Slow Tide Tee", ("Organic cotton, 260 gsm", "Printed with water-based ink"), "ORBE", "men", "en"),
    "watch-meridian": Wording("时间，自有分量", ("瑞士自动机芯，72 小时动储", "蓝宝石镜面", "意大利植鞣皮表带"), "MERIDIAN", "腕表", "zh", "marketing"),
    "sofa-moss": Wording("The sofa you’ll argue over", ("Cloud-soft cushions with a firm heart", "Covers come off and go in the wash", "10-year frame guarantee"), "HAUS", "furniture", "en", "marketing", ("16:9", "4:3")),
    "sofa-indigo": Wording("周末，从陷进沙发开始", ("羽绒与高密海绵双层坐垫", "科技布，防泼水易打理", "全屋配送，免费安装"), "HAUS", "家具", "zh", "marketing", ("16:9",)),
    "plant-calathea": Wording("给角落一点绿意", ("懒人好养，七天一浇水", "含陶盆与营养土", "破损包赔"), None, "绿植", "zh"),
    "perfume-muse": Wording("MUSE", ("Peony, pear and white musk", "Eau de parfum, 50 ml"), "MUSE", "fragrance", "en", "poster", (), "Valentine"),
    "perfume-noir": Wording("夜色有香", ("琥珀与檀木的低语", "留香 12 小时", "礼盒装 ￥890"), "MUSE", "香氛", "zh", "poster", (), "七夕"),
    "book-tides": Wording("海上书", ("林晚十年磨一书：写给所有曾经离开海、又一次次在梦里回到海边的人", "豆瓣 9.2 分", "布面精装，随书附藏书票"), None, "图书", "zh", "poster", ("3:4", "1:1")),
    "backpack-field": Wording("Built for the long way home", ("Waxed canvas, water-repellent", "Padded sleeve for a 16-inch laptop", "22 litres"), "NORTH", "bags", "en"),
    "kettle-pine": Wording("细水长流，一壶好咖啡", ("鹅颈壶嘴，水流可控", "胡桃木手柄不烫手", "0.9 升"), "HAUS", "餐厨", "zh", "poster", ("4:3", "1:1")),
    "vase-ivory": Wording("Ribbed Stoneware Vase", ("Thrown by hand in Jingdezhen", "Watertight glaze inside"), "HAUS", "home", "en"),
    "candle-dusk": Wording("点一支黄昏", ("大豆蜡，燃烧约 45 小时", "雪松、烟草与无花果"), None, "香氛", "zh"),
    "speaker-reef": Wording("小身材，满屋子的声音", ("360° 环绕声场", "IPX7 防水，浴室也能唱", "续航 20 小时", "第二件半价"), "PULSE", "影音", "zh"),
    "camera-halide": Wording("Slow down. Look again.", ("Full-frame sensor, manual soul", "Machined from solid aluminium"), "HALIDE", "cameras", "en", "marketing"),
    "suitcase-amber": Wording("说走就走的底气", ("德国拜耳 PC 材质，耐摔抗压", "静音万向轮", "TSA 海关锁", "20 寸登机 ￥359"), None, "箱包", "zh"),
    "sunglasses-tortoise": Wording("把夏天戴在脸上", ("偏光镜片，UV400", "意大利板材镜框，仅 24 克"), "VALE", "配饰", "zh", "video_cover", ("16:9",), "2027-春夏"),
    "serum-lumi": Wording("28 天，看见透亮", ("10% 烟酰胺 + 神经酰胺", "敏感肌实测温和", "第二瓶 ￥99"), "LUMI", "美妆", "zh"),
    "jar-nuit": Wording("Wake up rested", ("Overnight repair cream with bakuchiol and five ceramides, for skin that has had a long day", "Fragrance free", "50 ml, refillable"), "LUMI", "beauty", "en"),
    "lipstick-rouge": Wording("一抹正红，气场全开", ("丝绒雾面，不拔干", "显白不挑皮"), "MUSE", "美妆", "zh", "poster", ("3:4",), "新年"),
    "tin-longjing": Wording("明前龙井", ("狮峰山核心产区", "头采嫩芽，手工炒制", "250 克 ￥468"), "山野", "茶叶", "zh", "poster", (), "2027-春夏"),
}  # fmt: skip

# What brands sign with: the emblem `logos` draws, its colour, and the letters beside it.
BRANDS: dict[str, tuple[str, str]] = {
    "ORBE": ("ring", "#ef6b3a"),
    "VALE": ("arch", "#8c3b2e"),
    "LUMI": ("sun", "#c08a2d"),
    "AURA": ("ring", "#5a4fcf"),
    "ECHO": ("waves", "#23262d"),
    "NORTH": ("peak", "#35523a"),
    "MUSE": ("petals", "#b3566a"),
    "HAUS": ("arch", "#2f4a43"),
    "MERIDIAN": ("sun", "#1d3354"),
    "山野": ("peak", "#2f4a3a"),
}
