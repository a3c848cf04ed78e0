"""The words of places, directions, relations and alignments, Chinese and English, and what each stands for."""

CORNERS = {
    ("left", "top"): ("top left", "upper left", "top-left", "upper-left", "left top", "左上角", "左上"),
    ("right", "top"): ("top right", "upper right", "top-right", "upper-right", "right top", "右上角", "右上"),
    ("left", "bottom"): ("bottom left", "lower left", "bottom-left", "lower-left", "左下角", "左下"),
    ("right", "bottom"): ("bottom right", "lower right", "bottom-right", "lower-right", "右下角", "右下"),
    ("centre", "bottom"): (
        "bottom center",
        "bottom centre",
        "bottom middle",
        "底部中间",
        "底部中央",
        "底部居中",
        "下方中间",
    ),
    ("centre", "top"): ("top center", "top centre", "top middle", "顶部中间", "顶部中央", "顶部居中", "上方中间"),
    ("centre", "middle"): (
        "center of the canvas",
        "centre of the canvas",
        "middle of the canvas",
        "正中间",
        "正中央",
        "画面中央",
    ),
    ("-", "top"): ("top", "顶部", "最上面", "最上方", "顶端"),
    ("-", "bottom"): ("bottom", "底部", "最下面", "最下方", "底端"),
    ("left", "-"): ("left side", "left edge", "on the left", "最左边", "左侧", "左边"),
    ("right", "-"): ("right side", "right edge", "on the right", "最右边", "右侧", "右边"),
    ("centre", "-"): ("horizontally", "水平居中", "左右居中", "居中"),
    ("-", "middle"): ("vertically", "垂直居中", "上下居中", "竖直居中"),
}
WAYS = {
    (0.0, -1.0): ("up", "upwards", "upward", "往上", "向上", "上移", "朝上"),
    (0.0, 1.0): ("down", "downwards", "downward", "往下", "向下", "下移", "朝下"),
    (-1.0, 0.0): ("to the left", "leftwards", "left", "往左", "向左", "左移", "朝左"),
    (1.0, 0.0): ("to the right", "rightwards", "right", "往右", "向右", "右移", "朝右"),
}
RELATIONS = {
    "below": ("below", "under", "beneath", "underneath", "下面", "下方", "之下", "下边"),
    "above": ("above", "over", "on top of", "上面", "上方", "之上", "上边"),
    "right_of": ("to the right of", "right of", "on the right of", "右边", "右侧", "右面", "右方"),
    "left_of": ("to the left of", "left of", "on the left of", "左边", "左侧", "左面", "左方"),
}
ALIGN = {
    "left": ("left-aligned", "left align", "left-align", "align left", "flush left", "左对齐", "靠左对齐"),
    "center": ("center-aligned", "centre-aligned", "center-align", "centre-align", "居中对齐", "中间对齐"),
    "right": ("right-aligned", "right align", "right-align", "align right", "flush right", "右对齐", "靠右对齐"),
    "top": ("top-aligned", "top-align", "顶部对齐", "上对齐", "顶对齐"),
    "bottom": ("bottom-aligned", "bottom-align", "底部对齐", "下对齐", "底对齐"),
    "": ("align", "aligned", "line up", "对齐"),
}
