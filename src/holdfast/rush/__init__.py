"""Rush: an on-sale in a box. Buyers come as they come, and what they were told is compared with the server.

`plan` says what is to happen, `survey` looks at the event before, `process` is one of the programs in which buyers
live, `crowd` leads them, `verdict` compares, `report` and `page` tell it. Nothing here knows more of the server than
any client does: it may import the SDK, and nothing else of ours.
"""
