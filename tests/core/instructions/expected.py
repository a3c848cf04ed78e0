"""Sixty instructions of designers in two languages and what each means, written before anything read them.

A meaning is a list of changes: the element by its role (`:2` for the second of a kind), what is changed, and to what.
An empty one says that the instruction has to be refused.
"""

MEANINGS: dict[str, list[tuple[str, str, object]]] = {
    # English: sizes
    "bigger price": [("price", "scale", 1.25)],
    "make the title a bit smaller": [("title", "scale", 0.87)],
    "The price should be much larger.": [("price", "scale", 1.5)],
    "increase the size of the logo by 20%": [("logo", "scale", 1.2)],
    "logo twice as large": [("logo", "scale", 2.0)],
    "shrink the disclaimer": [("disclaimer", "scale", 0.8)],
    "price and button bigger": [("price", "scale", 1.25), ("call_to_action", "scale", 1.25)],
    # English: places
    "move the logo to the top right": [("logo", "at", "right top")],
    "Put the badge in the upper left corner": [("badge", "at", "left top")],
    "price at the bottom": [("price", "at", "- bottom")],
    "center the title horizontally": [("title", "at", "centre -")],
    "place the button at the bottom center": [("call_to_action", "at", "centre bottom")],
    "move the title up a little": [("title", "shift", (0.0, -0.05))],
    "shift the price to the left": [("price", "shift", (-0.1, 0.0))],
    # English: relations
    "put the price below the title": [("price", "below", "title")],
    "the badge goes above the title": [("badge", "above", "title")],
    "move the button to the right of the price": [("call_to_action", "right_of", "price")],
    "align the price with the title on the left": [("price", "align_left", "title")],
    "same size for the first and second selling point": [("selling_point", "same_size", "selling_point:2")],
    # English: words, colours, what goes
    "title in white": [("title", "colour", "#ffffff")],
    "make the price red": [("price", "colour", "#d4202a")],
    "colour the title #1a5fb4": [("title", "colour", "#1a5fb4")],
    "remove the badge": [("badge", "remove", True)],
    "delete the second selling point": [("selling_point:2", "remove", True)],
    'change the title to "Summer Sale"': [("title", "say", "Summer Sale")],
    "left-align the title": [("title", "alignment", "left")],
    # English: several at once, and what nobody can do
    "bigger price, move the logo to the top right": [("price", "scale", 1.25), ("logo", "at", "right top")],
    "Remove the disclaimer; title larger and in black.": [
        ("disclaimer", "remove", True),
        ("title", "scale", 1.25),
        ("title", "colour", "#111111"),
    ],
    "make it pop": [],
    "use a friendlier photo": [],
    # Chinese: sizes
    "价格大一点": [("price", "scale", 1.15)],
    "标题再小一些": [("title", "scale", 0.87)],
    "把价格放大": [("price", "scale", 1.25)],
    "logo放大一倍": [("logo", "scale", 2.0)],
    "标题缩小20%": [("title", "scale", 0.8)],
    "价格要大很多": [("price", "scale", 1.5)],
    "主标题和价格都放大": [("title", "scale", 1.25), ("price", "scale", 1.25)],
    # Chinese: places
    "把标志移到右上角": [("logo", "at", "right top")],
    "角标放在左上角": [("badge", "at", "left top")],
    "价格放到底部": [("price", "at", "- bottom")],
    "标题水平居中": [("title", "at", "centre -")],
    "按钮移到底部中间": [("call_to_action", "at", "centre bottom")],
    "标题往上移一点": [("title", "shift", (0.0, -0.05))],
    "价格向左移动": [("price", "shift", (-0.1, 0.0))],
    # Chinese: relations
    "价格放在标题下面": [("price", "below", "title")],
    "把角标放到标题上方": [("badge", "above", "title")],
    "按钮放在价格右边": [("call_to_action", "right_of", "price")],
    "价格与标题左对齐": [("price", "align_left", "title")],
    "第一个卖点和第二个卖点一样大": [("selling_point", "same_size", "selling_point:2")],
    # Chinese: words, colours, what goes
    "标题改成白色": [("title", "colour", "#ffffff")],
    "价格用红色": [("price", "colour", "#d4202a")],
    "标题颜色换成#1a5fb4": [("title", "colour", "#1a5fb4")],
    "去掉角标": [("badge", "remove", True)],
    "删除第二个卖点": [("selling_point:2", "remove", True)],
    "标题改为“夏日特惠”": [("title", "say", "夏日特惠")],
    "标题文字左对齐": [("title", "alignment", "left")],
    # Chinese: several at once, and what nobody can do
    "价格大一点，logo放到右上角": [("price", "scale", 1.15), ("logo", "at", "right top")],
    "删掉声明；标题放大，改成黑色。": [
        ("disclaimer", "remove", True),
        ("title", "scale", 1.25),
        ("title", "colour", "#111111"),
    ],
    "整体高级一点": [],
    "换一张好看的图": [],
}
