"""Who waits for whom at the gate."""

import threading

from service_process import until

from optimizer.gate import Gate


def test_a_change_waits_for_who_is_inside_and_who_comes_meanwhile_waits_for_the_change():
    gate, left, order = Gate(), threading.Event(), []

    def work() -> None:
        with gate.inside():
            order.append("work begins")
            left.wait(10)
            order.append("work ends")

    def late() -> None:
        with gate.inside():
            order.append("late")

    worker = threading.Thread(target=work)
    worker.start()
    until(lambda: order or None)
    latecomer = threading.Thread(target=late)
    threading.Timer(0.1, left.set).start()
    with gate.alone(within_s=10) as nobody_left:
        latecomer.start()
        order.append("change")
    worker.join()
    latecomer.join()

    assert nobody_left
    assert order == ["work begins", "work ends", "change", "late"]


def test_a_change_does_not_wait_for_ever():
    gate, left = Gate(), threading.Event()
    inside = threading.Event()

    def hang() -> None:
        with gate.inside():
            inside.set()
            left.wait(10)

    hanging = threading.Thread(target=hang)
    hanging.start()
    assert inside.wait(10)
    with gate.alone(within_s=0.05) as nobody_left:
        assert not nobody_left
    left.set()
    hanging.join()
