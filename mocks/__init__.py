"""The simulated bench: one physical model behind the real wire protocols of three instruments.

The bench runs as a process of its own (``python -P -m mocks``) and is reached through the same links as
hardware. It imports nothing from the rest of the project, so that it can contradict it.

Layout: ``config`` and ``truth`` say what lies on the bench, ``tank``, ``supply``, ``heating``, ``thermal``
and ``probe`` are the physics, ``laboratory`` couples them on the lab clock, ``osensa``, ``tti_generator``
and ``tti_psu`` speak on the wire, ``faults`` breaks things, ``control`` is the door for tests, ``bench``
and ``main`` put everything together.
"""
