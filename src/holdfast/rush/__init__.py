"""Rush: a simulated on-sale. Buyers arrive at drawn times, and their answers are compared with the server.

`plan` describes a rush, `survey` reads the event before it, `process` is a program that simulates buyers, `crowd` runs
these processes, `verdict` compares, `report` and `page` render the result. A rush knows no more of the server than any
client: it may import the SDK, and nothing else of ours.
"""
