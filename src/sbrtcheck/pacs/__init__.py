"""Plans straight from the systems that have them: pushed by the planning system, or fetched from a PACS.

::

    listener    objects pushed by C-STORE -> reports in a folder; `listen` runs it
    scp         associations -> objects in the store
    guard       connections that are slow, too many or too large end
    send        a report -> the PACS
    groups      received objects -> those that hang together
    worker      the process that reads and checks them; ``jobs`` is what it does
    store       received objects on disk, whole and safe; ``journal`` what was checked
    settings    what a listener is told
    web         a query by DICOMweb -> RT files in a folder, and studies that could not be fetched

Needs the extra ``pacs``: pynetdicom for listening, dicomweb-client for DICOMweb. Nothing else imports this package, so
a check costs nothing for it; its modules are imported from where they are.
"""
